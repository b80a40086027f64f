import { ConfigError } from '../errors.ts';

export type ComputeCapability = readonly [major: number, minor: number];

/** Ampere: the oldest cards that the kernels are compiled for. */
export const LOWEST_COMPUTE_CAPABILITY: ComputeCapability = [8, 0];

export function isSupported([major, minor]: ComputeCapability): boolean {
  const [lowestMajor, lowestMinor] = LOWEST_COMPUTE_CAPABILITY;
  return major > lowestMajor || (major === lowestMajor && minor >= lowestMinor);
}

/** @throws ConfigError naming a card that is too old */
export function requireSupported(gpu: {
  readonly index: number;
  readonly name: string;
  readonly computeCapability: ComputeCapability;
}): void {
  if (isSupported(gpu.computeCapability)) return;
  throw new ConfigError(
    `--device cuda:${gpu.index}: ${gpu.name} has compute capability ${gpu.computeCapability.join('.')}, and ${LOWEST_COMPUTE_CAPABILITY.join('.')} or newer is needed (Ampere: A100, RTX 30 and later). Choose another GPU, or use --device cpu.`,
  );
}
