import { readFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import type { ComputeCapability } from './compute-capability.ts';
import { CudaDevice } from './device.ts';
import { CudaDriver, formatVersion } from './driver.ts';

export interface GpuFacts {
  readonly index: number;
  readonly name: string;
  readonly computeCapability: ComputeCapability;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The GPUs of this machine as the driver sees them. */
export interface GpuInspection {
  /** Such as 580.159.04; null when no driver is installed, or the system does not tell. */
  readonly driverVersion: string | null;
  /** The newest CUDA that the driver supports, such as 13.0; null when the driver cannot be used. */
  readonly cudaVersion: string | null;
  /** Why the driver cannot be used. */
  readonly problem: string | null;
  readonly gpus: readonly GpuFacts[];
}

/** Asks the driver; a context is made on each GPU and removed again, which takes some tenths of a second. */
export function inspectGpus(): GpuInspection {
  const driverVersion = installedDriver();
  try {
    const driver = CudaDriver.open();
    const count = driver.int((out) => driver.call('cuDeviceGetCount', out));
    const gpus = Array.from({ length: count }, (_, index) => inspect(index));
    return { driverVersion, cudaVersion: formatVersion(driver.version), problem: null, gpus };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    if (!(error instanceof ConfigError))
      return { driverVersion, cudaVersion: null, problem: `CUDA: ${problem}`, gpus: [] };
    return { driverVersion, cudaVersion: null, problem, gpus: [] };
  }
}

function inspect(index: number): GpuFacts {
  using device = new CudaDevice(index);
  const { free, total } = device.memory();
  const { name, computeCapability } = device;
  return { index, name, computeCapability, freeBytes: free, totalBytes: total };
}

function installedDriver(): string | null {
  try {
    return driverVersionIn(readFileSync('/proc/driver/nvidia/version', 'utf8'));
  } catch {
    return null;
  }
}

/** @param text of /proc/driver/nvidia/version, whose first line names the kernel module and its version */
export function driverVersionIn(text: string): string | null {
  return /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m.exec(text)?.[1] ?? null;
}
