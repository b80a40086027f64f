import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Check } from './doctor-report.ts';
import { formatBytes, oneLine } from './format.ts';

/** The oldest Node.js that is supported, as [major, minor]. */
const OLDEST_NODE = [20, 19] as const;
/** Instruction sets that ONNX Runtime's kernels use, by their names in /proc/cpuinfo (x86, then ARM). */
const CPU_FEATURES = [
  'avx2',
  'fma',
  'avx512f',
  'avx512_vnni',
  'avx_vnni',
  'amx_int8',
  'asimd',
  'asimddp',
  'i8mm',
  'sve',
];

/** Node.js, processor, memory and ONNX Runtime of this machine. */
export async function checkMachine(): Promise<Check[]> {
  return [checkNode(process.versions.node), checkCpu(), checkMemory(), await checkRuntime()];
}

/** @param version such as `20.19.3` */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const needed = `${OLDEST_NODE.join('.')} or newer is needed`;
  return {
    id: 'node',
    title: 'Node.js',
    status: isEnough ? 'ok' : 'failure',
    message: isEnough ? `${version} on ${process.platform} ${process.arch}` : `${version}; ${needed}`,
    details: { version, platform: process.platform, arch: process.arch },
  };
}

function checkCpu(): Check {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  const features = cpuFeatures();
  const threads = availableParallelism();
  const isSlow = process.arch === 'x64' && features !== null && !features.includes('avx2');
  const shown = features === null ? '' : `; ${features.join(' ') || 'none of the vector instructions that help'}`;
  return {
    id: 'cpu',
    title: 'Processor',
    status: isSlow ? 'warning' : 'ok',
    message: `${model}, ${threads} threads for this process${shown}${isSlow ? ' (without avx2 it is slow)' : ''}`,
    details: { model, threads, features },
  };
}

/** null where the system does not list them. */
function cpuFeatures(): string[] | null {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    if (line === undefined) return null;
    const present = new Set(line.split(/\s+/));
    return CPU_FEATURES.filter((feature) => present.has(feature));
  } catch {
    return null;
  }
}

/** Memory that this process may use, the limit of its container included. Bytes. */
export function machineMemory(): { readonly total: number; readonly available: number } {
  // Without a limit this is 0 or some enormous number.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  const total = Math.min(totalmem(), limit);
  return { total, available: Math.min(process.availableMemory(), total) };
}

function checkMemory(): Check {
  const { total, available } = machineMemory();
  const limited = total < totalmem() ? ` (a limit of the container; the machine has ${formatBytes(totalmem())})` : '';
  return {
    id: 'memory',
    title: 'Memory',
    status: 'ok',
    message: `${formatBytes(available)} free of ${formatBytes(total)}${limited}`,
    details: { totalBytes: total, availableBytes: available, machineBytes: totalmem() },
  };
}

async function checkRuntime(): Promise<Check> {
  const base = { id: 'onnxruntime', title: 'ONNX Runtime' } as const;
  try {
    // Loaded here, so that a broken installation of koffi is a finding and not the end of the doctor.
    const { openOnnxRuntime } = await import('../onnxruntime/library.ts');
    const { version, libraryPath } = openOnnxRuntime();
    return { ...base, status: 'ok', message: `${version}, ${libraryPath}`, details: { version, libraryPath } };
  } catch (error) {
    return { ...base, status: 'failure', message: oneLine(error instanceof Error ? error.message : String(error)) };
  }
}
