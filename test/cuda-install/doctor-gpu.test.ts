import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkCudaFiles, checkGpus } from '../../src/cli/check-gpu.ts';
import { checkMemoryNeeds, type MemoryNeeds } from '../../src/cli/check-memory.ts';
import { type DoctorReport, toReport } from '../../src/cli/doctor-report.ts';
import { requireSupported } from '../../src/cuda/compute-capability.ts';
import { driverVersionIn, type GpuFacts, type GpuInspection, inspectGpus } from '../../src/cuda/inspect-gpus.ts';
import { writeRecord } from '../../src/cuda/install/installation.ts';
import { libraryName } from '../../src/cuda/install/unpack.ts';
import { CUDA_WHEELS, NCCL_WHEEL } from '../../src/cuda/install/wheels.ts';
import { PROVIDER_LIBRARIES } from '../../src/cuda/libraries.ts';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { ConfigError } from '../../src/errors.ts';
import { gpuMemoryError, weightMemoryError } from '../../src/ranks/gpu-memory.ts';
import { runCli } from '../cli/support/run-cli.ts';
import { writeTinyCheckpoint } from '../cli/support/tiny-checkpoint.ts';

const GIB = 2 ** 30;
const H100: GpuFacts = {
  index: 0,
  name: 'NVIDIA H100 80GB HBM3',
  computeCapability: [9, 0],
  freeBytes: 78 * GIB,
  totalBytes: 79 * GIB,
};
const V100: GpuFacts = { ...H100, index: 1, name: 'Tesla V100', computeCapability: [7, 0] };
const FOUND: GpuInspection = { driverVersion: '580.159.04', cudaVersion: '13.0', problem: null, gpus: [H100, V100] };
const NONE: GpuInspection = { driverVersion: null, cudaVersion: null, problem: 'There is no NVIDIA driver', gpus: [] };
const hasDriver = existsSync('/proc/driver/nvidia/version');

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'doctor-gpu-'));
});
afterAll(() => rmSync(root, { recursive: true }));

describe('checkGpus', () => {
  it('says what the wanted card is', () => {
    const check = checkGpus(FOUND, 0);
    expect(check.status).toBe('ok');
    expect(check.message).toBe(
      'driver 580.159.04 (CUDA 13.0); GPU 0: NVIDIA H100 80GB HBM3, compute capability 9.0, 78.0 GiB free of 79.0 GiB',
    );
    expect(JSON.parse(JSON.stringify(check.details))).toMatchObject({ gpus: [{ computeCapability: [9, 0] }, {}] });
  });

  it('refuses a card that is too old, and one that is not there', () => {
    expect(checkGpus(FOUND, 1)).toMatchObject({
      status: 'failure',
      message: expect.stringMatching(/Tesla V100, compute capability 7\.0.*8\.0 or newer/),
    });
    expect(checkGpus(FOUND, 2)).toMatchObject({
      status: 'failure',
      message: expect.stringMatching(/there is no GPU 2: GPU 0: .*; GPU 1: Tesla V100/),
    });
  });

  it('is a mere note when the CPU is to serve', () => {
    expect(checkGpus(FOUND, 'cpu')).toMatchObject({
      status: 'note',
      message: expect.stringContaining('--device cuda'),
    });
    expect(checkGpus({ ...FOUND, gpus: [V100] }, 'cpu').message).not.toContain('--device cuda');
    expect(checkGpus(NONE, 'cpu')).toMatchObject({ status: 'note', message: expect.stringContaining('none found') });
    const old = { ...NONE, driverVersion: '535.1.2', problem: 'The NVIDIA driver is too old' };
    expect(checkGpus(old, 'cpu')).toMatchObject({ status: 'note', message: 'The NVIDIA driver is too old' });
  });

  it('gives the reason when the driver cannot be used', () => {
    expect(checkGpus(NONE, 0)).toMatchObject({ status: 'failure', message: 'There is no NVIDIA driver' });
  });
});

describe('driverVersionIn', () => {
  it.each([
    [
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\nGCC version: 12.2.0',
      '535.183.01',
    ],
    ['NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build  (root@x)', '580.159.04'],
    ['NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  590.44  Release Build', '590.44'],
    ['GCC version:  gcc version 12.2.0 (Debian)', null],
  ])('reads %j', (text, version) => expect(driverVersionIn(text)).toBe(version));
});

describe('checkCudaFiles', () => {
  const runtime = (): string => path.join(root, 'package', 'libonnxruntime.so.1');
  const folder = (): string => path.join(root, 'installed');
  beforeEach(async () => {
    for (const each of [path.dirname(runtime()), folder()]) {
      rmSync(each, { recursive: true, force: true });
      mkdirSync(each);
    }
    writeFileSync(runtime(), 'runtime');
  });

  /** Files of the right sizes, without contents. */
  async function install(wheels: readonly (typeof NCCL_WHEEL)[]): Promise<void> {
    for (const library of wheels.flatMap(({ libraries }) => libraries)) {
      const file = path.join(folder(), libraryName(library));
      writeFileSync(file, '');
      truncateSync(file, library.byteLength);
    }
    writeFileSync(path.join(folder(), 'libonnxruntime.so.1'), 'runtime');
    await writeRecord(folder(), wheels);
  }

  it('finds them complete, NCCL or not', async () => {
    await install([...CUDA_WHEELS, NCCL_WHEEL]);
    expect(await checkCudaFiles(folder(), runtime(), 0)).toMatchObject({ status: 'ok', details: { hasNccl: true } });
    await install(CUDA_WHEELS);
    rmSync(path.join(folder(), 'libnccl.so.2'));
    const check = await checkCudaFiles(folder(), runtime(), 0);
    expect(check).toMatchObject({ status: 'ok', message: expect.stringContaining('without NCCL') });
    expect((await checkCudaFiles(folder(), runtime(), 'cpu')).status).toBe('note');
  });

  it('names what is missing or damaged', async () => {
    await install(CUDA_WHEELS);
    rmSync(path.join(folder(), 'libcurand.so.10'));
    truncateSync(path.join(folder(), 'libcublas.so.13'), 5);
    const check = await checkCudaFiles(folder(), runtime(), 0);
    expect(check).toMatchObject({ status: 'failure', message: expect.stringContaining('install-cuda" again') });
    expect(check.message).toContain('libcurand.so.10');
    expect(check.message).toContain('libcublas.so.13');
    expect(check.message).not.toContain('libcudart');
  });

  it('says how to get them', async () => {
    expect(await checkCudaFiles(path.join(root, 'none'), runtime(), 0)).toMatchObject({
      status: 'failure',
      message: 'not installed: run "latent-serve install-cuda"',
    });
    expect((await checkCudaFiles(path.join(root, 'none'), runtime(), 'cpu')).status).toBe('note');
  });

  it('knows a provider that somebody has put beside the package', async () => {
    for (const name of PROVIDER_LIBRARIES) writeFileSync(path.join(path.dirname(runtime()), name), '');
    expect(await checkCudaFiles(path.join(root, 'none'), runtime(), 0)).toMatchObject({ status: 'warning' });
  });
});

describe('memory of a model on a GPU', () => {
  const needs: MemoryNeeds = {
    precision: { stream: 'bf16', experts: 'f16' },
    packedBytes: 30 * GIB,
    memory: { place: 'gpu', size: { total: 80 * GIB, available: 79 * GIB } },
    kvCacheDtype: 'auto',
    kvCacheMemoryBytes: null,
    maxModelLen: null,
    gpuMemoryUtilization: 0.9,
  };
  const check = async (part: Partial<MemoryNeeds>) => {
    const config = await readModelConfig(writeTinyCheckpoint(path.join(root, 'tiny')));
    const [weights, context] = checkMemoryNeeds(config, { ...needs, ...part });
    return { weights: weights!, context: context! };
  };

  it('counts weights and cache as the engine will', async () => {
    const { weights, context } = await check({});
    expect(weights).toMatchObject({ status: 'ok', details: { packedBytes: 30 * GIB, availableBytes: 79 * GIB } });
    expect(weights.message).toBe('30.0 GiB in bf16, experts in fp16, 79.0 GiB free of 80.0 GiB on the GPU');
    // 2 layers x (14 + 6) values x 2 bytes; 79 - 30 - 8 - 1 GiB.
    const cacheBytes = context.details?.['cacheBytes'] as number;
    expect(context.details).toMatchObject({ bytesPerToken: 80, context: 1024 });
    expect(cacheBytes / GIB).toBeCloseTo(40, 6);
  });

  it.each(['fp8', 'int8'] as const)('counts latents in %s', async (kvCacheDtype) => {
    const { context } = await check({ kvCacheDtype });
    // 2 layers x (14 + 4 + 6 x 2, padded to 32) bytes
    expect(context.details).toMatchObject({ bytesPerToken: 64 });
  });

  it('is a failure when other programs hold the GPU', async () => {
    const size = { total: 80 * GIB, available: 20 * GIB };
    const { weights, context } = await check({ memory: { place: 'gpu', size } });
    expect(weights).toMatchObject({ status: 'failure', message: expect.stringContaining('free some memory first') });
    expect(context.status).toBe('failure');
    const host = await check({ memory: { place: 'host', size } });
    expect(host.weights.status).toBe('warning');
  });

  it('states the need alone when there is no GPU', async () => {
    const { weights, context } = await check({ memory: { place: 'gpu', size: null } });
    expect(weights).toMatchObject({ status: 'note', message: '30.0 GiB in bf16, experts in fp16' });
    expect(context).toMatchObject({ status: 'note', details: { bytesPerToken: 80 } });
  });
});

describe('requireSupported', () => {
  it.each([[[8, 0]], [[8, 9]], [[9, 0]], [[12, 1]]] as const)('takes compute capability %j', (computeCapability) => {
    expect(() => requireSupported({ index: 0, name: 'x', computeCapability })).not.toThrow();
  });

  it('refuses an older card by name', () => {
    expect(() => requireSupported({ ...V100, computeCapability: [7, 5] })).toThrow(
      /^--device cuda:1: Tesla V100 has compute capability 7\.5, and 8\.0 or newer is needed/,
    );
  });
});

describe('an exhausted GPU', () => {
  it.each([
    'cuMemAlloc_v2 failed: out of memory (CUDA error 2)',
    'CreateSession: CUDA failure 2: out of memory ; GPU=0 ; hostname=h ; file=/x/cuda_allocator.cc ; line=60 ; expr=cudaMalloc((void**)&p, size);',
    'RunWithBinding: Non-zero status code returned while running MoE node. Failed to allocate memory for requested buffer of size 1073741824',
    'RunWithBinding: Available memory of 4096 is smaller than requested bytes of 8192',
    'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0',
  ])('is told in words: %s', (message) => {
    const error = new Error(message);
    const told = gpuMemoryError(error, 'while the latent cache was allocated') as ConfigError;
    expect(told).toBeInstanceOf(ConfigError);
    expect(told.message).toMatch(/latent cache.*--gpu-memory-utilization.*--kv-cache-memory-bytes/);
    expect(told.cause).toBe(error);
    expect((weightMemoryError(error, 30 * GIB, { free: 8 * GIB, total: 24 * GIB }) as Error).message).toContain(
      'they take 30.0 GiB, and 8.0 GiB of 24.0 GiB were free',
    );
  });

  it.each([
    'cuLaunchKernel failed: invalid argument (CUDA error 1)',
    'x failed: y (CUDA error 200)',
    'the rank is gone',
  ])('is not seen in other errors: %s', (message) => {
    const error = new Error(message);
    expect(gpuMemoryError(error, 'while')).toBe(error);
    expect(weightMemoryError(error, 1, { free: 1, total: 1 })).toBe(error);
  });
});

describe('the commands', () => {
  const doctor = async (...args: string[]): Promise<{ code: number | null; report: DoctorReport }> => {
    const folder = writeTinyCheckpoint(path.join(root, 'model'));
    const all = ['doctor', folder, '--json', '--port', '0', '--cache-dir', path.join(root, 'cache'), ...args];
    const { code, stdout, stderr } = await runCli(all);
    expect(stderr).toBe('');
    return { code, report: JSON.parse(stdout) as DoctorReport };
  };

  it.skipIf(hasDriver)(
    'doctor fails for --device cuda without a driver, and states the need of the model',
    async () => {
      expect(inspectGpus()).toMatchObject({
        driverVersion: null,
        gpus: [],
        problem: expect.stringContaining('libcuda'),
      });
      const { code, report } = await doctor('--device', 'cuda');
      expect(code).toBe(1);
      const byId = Object.fromEntries(report.checks.map((each) => [each.id, each]));
      expect(byId['gpu']).toMatchObject({ status: 'failure', message: expect.stringContaining('580 or newer') });
      expect(byId['cuda-files']).toMatchObject({ status: 'failure', message: expect.stringContaining('install-cuda') });
      expect(byId['model']?.status).toBe('ok');
      expect(byId['weights']).toMatchObject({ status: 'note', message: expect.stringContaining('bf16') });
      const float32 = (await doctor('--device', 'cuda', '--dtype', 'float32')).report.checks;
      expect(float32.find(({ id }) => id === 'weights')?.message).toContain('fp32');
      const int8 = (await doctor('--device', 'cuda', '--quantization', 'int8')).report.checks;
      expect(int8.find(({ id }) => id === 'weights')?.message).toContain('in bf16, experts in int8');
    },
  );

  it.skipIf(hasDriver)('doctor keeps quiet about GPUs when none is wanted', async () => {
    const { code, report } = await doctor('--kv-cache-memory-bytes', '1M');
    expect(code).toBe(0);
    expect(report.checks.find(({ id }) => id === 'gpu')?.status).toBe('note');
    expect(report.checks.some(({ id }) => id === 'cuda-files')).toBe(false);
    expect(toReport('', report.checks).canServe).toBe(true);
  });

  it('install-cuda --dry-run lists what would come and changes nothing', async () => {
    const cache = path.join(root, 'dry');
    const env = { PIP_INDEX_URL: 'https://user:secret@mirror.invalid/simple' };
    const { code, stdout, stderr } = await runCli(['install-cuda', '--dry-run', '--cache-dir', cache], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { filename, sha256 } of [...CUDA_WHEELS, NCCL_WHEEL]) {
      expect(stdout).toContain(filename);
      expect(stdout).toContain(sha256);
    }
    expect(stdout).toContain('https://mirror.invalid/simple');
    expect(stdout).not.toContain('secret');
    expect(stdout).toMatch(/NVIDIA's own licence/);
    expect(stdout).toContain('pip download');
    expect(existsSync(cache)).toBe(false);
    const without = await runCli(['install-cuda', '--dry-run', '--no-nccl', '--cache-dir', cache]);
    expect(without.stdout).not.toContain('nccl');
    expect(without.stdout).toContain('https://pypi.org/simple');
  });

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    'install-cuda ends with exit code 1 and one line that names the folder of wheels',
    async () => {
      const wheels = path.join(root, 'no-wheels');
      mkdirSync(wheels);
      const args = ['install-cuda', '--wheels', wheels, '--cache-dir', path.join(root, 'failed')];
      const { code, stderr } = await runCli(args);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^latent-serve: --wheels .*no-wheels lacks onnxruntime_gpu-.*\n$/);
    },
  );
});
