import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { ShardFile } from '../checkpoint/shard-file.ts';
import type { PackPlan } from '../deepseek-v2/packed-weights.ts';
import type { Precision } from '../deepseek-v2/precision.ts';

/** Raised when weights.bin or the manifest change in a way that the plan does not show. */
export const FORMAT_VERSION = 1;

const WHOLE_FILE_BYTES = 64 * 1024 * 1024;
const SAMPLES = 64;
const SAMPLE_BYTES = 16 * 1024;

/**
 * Name of the packed form of these weights: a hash over all that its bytes follow from.
 *
 * - The plan stands for the configuration: it has every shape and the origin of every row, so that a changed
 *   rope_theta or end token does not pack the weights again, and a changed plan always does.
 * - Small files count by content alone. They are the ones that arrive with a fixed time stamp (npm gives every file of
 *   a package the same one), and may be copied about.
 * - Large ones count by name, size, time of change, header and samples spread over the file. To hash 31 GB would take a
 *   minute at each start. A file replaced by another of equal size, header and time of change would have to agree in
 *   all samples as well to be missed.
 */
export async function packDigest(checkpoint: Checkpoint, plan: PackPlan, precision: Precision): Promise<string> {
  const hash = createHash('sha256');
  const { stream, experts } = precision;
  hash.update(JSON.stringify({ format: FORMAT_VERSION, dtype: stream, ...(experts === stream ? {} : { experts }) }));
  for (const tensor of plan.tensors) hash.update(JSON.stringify(tensor));
  for (const source of plan.sourceShapes) hash.update(JSON.stringify(source));
  for (const shard of checkpoint.shards) hash.update(JSON.stringify(await identityOf(shard)));
  return hash.digest('hex').slice(0, 40);
}

async function identityOf(shard: ShardFile): Promise<Record<string, string | number>> {
  const small = shard.size <= WHOLE_FILE_BYTES;
  const content = await hashOf(shard, small ? wholeFile(shard.size) : samples(shard.size));
  const identity = { name: path.basename(shard.path), size: shard.size, header: shard.headerHash, content };
  return small ? identity : { ...identity, mtimeNs: String(shard.mtimeNs) };
}

type Range = readonly [position: number, length: number];

function wholeFile(size: number): Range[] {
  const step = 1024 * 1024;
  return Array.from({ length: Math.ceil(size / step) }, (_, i) => [i * step, Math.min(step, size - i * step)]);
}

/** Evenly spread, the last one at the end of the file. */
function samples(size: number): Range[] {
  return Array.from({ length: SAMPLES }, (_, i) => [
    Math.floor((i * (size - SAMPLE_BYTES)) / (SAMPLES - 1)),
    SAMPLE_BYTES,
  ]);
}

async function hashOf(shard: ShardFile, ranges: readonly Range[]): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(Math.max(...ranges.map(([, length]) => length)));
  for (const [position, length] of ranges) {
    const part = buffer.subarray(0, length);
    await shard.readAt(position, part);
    hash.update(part);
  }
  return hash.digest('hex');
}
