import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ServeConfig } from '../config/serve-config.ts';
import { defaultCacheRoot } from '../packing/cache-root.ts';
import { precisionOf } from '../ranks/device-spec.ts';
import { checkMachine, machineMemory } from './check-machine.ts';
import type { ModelMemory } from './check-memory.ts';
import { checkModel } from './check-model.ts';
import { checkCacheFolder, checkPort } from './check-place.ts';
import { toDeviceSpec } from './device-spec.ts';
import { type Check, type DoctorReport, renderReport, toReport } from './doctor-report.ts';
import type { GpuExamination } from './examine-gpus.ts';
import { oneLine } from './format.ts';
import { shippedModelFolder } from './model-folder.ts';
import { packageVersion } from './package-root.ts';

/** Looks at everything that serving with this configuration needs; changes nothing. */
export async function examine(config: ServeConfig): Promise<DoctorReport> {
  const machine = await checkMachine();
  const cacheRoot = config.cacheDir === null ? defaultCacheRoot() : path.resolve(config.cacheDir);
  const gpu = await findGpus(config, cacheRoot);
  const memory: ModelMemory =
    config.device === 'cpu' ? { place: 'host', size: machineMemory() } : { place: 'gpu', size: gpu.memory };
  const precision = precisionOf(toDeviceSpec(config));
  const { checks: model, packedBytes } = await checkModel({ ...config, precision, memory });
  const shipped = config.model === null ? [] : [checkShippedModel()];
  const cache = checkCacheFolder(cacheRoot, packedBytes);
  const port = await checkPort(config.host, config.port);
  return toReport(packageVersion(), [...machine, ...gpu.checks, ...model, ...shipped, cache, port]);
}

async function findGpus({ device }: ServeConfig, cacheRoot: string): Promise<GpuExamination> {
  try {
    // Loaded here, so that a broken installation of koffi is a finding and not the end of the doctor.
    const { examineGpus } = await import('./examine-gpus.ts');
    return await examineGpus(device, cacheRoot);
  } catch (error) {
    const message = oneLine(error instanceof Error ? error.message : String(error));
    const status = device === 'cpu' ? 'note' : 'failure';
    return { checks: [{ id: 'gpu', title: 'NVIDIA GPU', status, message }], memory: null };
  }
}

/** Named beside a model of one's own. */
function checkShippedModel(): Check {
  const folder = shippedModelFolder();
  const message = existsSync(folder) ? `${folder} is there` : `${folder} is missing from this installation`;
  return { id: 'shipped-model', title: 'Shipped model', status: 'note', message };
}

/**
 * Prints the report.
 * @returns the exit code: 1 when serving is impossible
 */
export async function doctor(config: ServeConfig, asJson: boolean): Promise<number> {
  const report = await examine(config);
  const text = asJson ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report, process.stdout.isTTY === true);
  process.stdout.write(text);
  return report.canServe ? 0 : 1;
}
