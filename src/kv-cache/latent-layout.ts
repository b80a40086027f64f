import { ConfigError } from '../errors.ts';

export interface PoolRequest {
  readonly availableBytes: number;
  readonly bytesPerToken: number;
  /** Slots (tokens) per block. */
  readonly blockSize: number;
  /** Longest sequence wanted, in tokens. */
  readonly maxModelLen: number;
}

export interface PoolSize {
  readonly numBlocks: number;
  /** The wanted length, or less where one sequence would not fit. */
  readonly maxModelLen: number;
  /** The arithmetic in one line, for the log. */
  readonly explanation: string;
}

/** How many blocks fit into a piece of memory. @throws ConfigError when not even one does */
export function sizePool(request: PoolRequest): PoolSize {
  const { availableBytes, bytesPerToken, blockSize, maxModelLen } = request;
  const bytesPerBlock = bytesPerToken * blockSize;
  const numBlocks = Math.max(0, Math.floor(availableBytes / bytesPerBlock));
  const block = `${blockSize} tokens x ${formatCount(bytesPerToken)} bytes`;
  if (numBlocks === 0) {
    throw new ConfigError(
      `The memory for the latent cache (${formatBytes(availableBytes)}) does not hold a single block (${block} = ${formatBytes(bytesPerBlock)}). Raise --kv-cache-memory-bytes or free some memory.`,
    );
  }
  const numTokens = numBlocks * blockSize;
  const fit = `${formatBytes(availableBytes)} / (${block}) = ${formatCount(numBlocks)} blocks = ${formatCount(numTokens)} tokens`;
  if (numTokens >= maxModelLen) {
    const sequences = (numTokens / maxModelLen).toFixed(1);
    const explanation = `latent cache: ${fit}, room for ${sequences} sequences of ${formatCount(maxModelLen)} tokens`;
    return { numBlocks, maxModelLen, explanation };
  }
  const wanted = formatBytes(Math.ceil(maxModelLen / blockSize) * bytesPerBlock);
  return {
    numBlocks,
    maxModelLen: numTokens,
    explanation: `latent cache: ${fit}; max_model_len lowered from ${formatCount(maxModelLen)} to ${formatCount(numTokens)}, because one sequence of the full length needs ${wanted}`,
  };
}

function formatCount(value: number): string {
  return Math.floor(value).toLocaleString('en-US');
}

function formatBytes(bytes: number): string {
  if (bytes < 2 ** 20) return `${(bytes / 2 ** 10).toFixed(1)} KiB`;
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
