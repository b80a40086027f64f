import path from 'node:path';
import { CheckpointError } from '../errors.ts';
import { readJsonFile } from './json-file.ts';
import { quoted } from './quoted.ts';

/** DeepSeek-V2 has 55 shards, V3 163. */
const MAX_SHARDS = 1000;
const MAX_INDEX_BYTES = 100_000_000;

/**
 * Reads model.safetensors.index.json: tensor name -> name of the shard that holds it. Shards lie beside the index, so
 * that a name with a path in it, which could lead anywhere, is refused.
 * @throws CheckpointError
 */
export async function readShardIndex(file: string): Promise<Map<string, string>> {
  const json = await readJsonFile(file, MAX_INDEX_BYTES);
  const weightMap = isRecord(json) ? json['weight_map'] : undefined;
  if (!isRecord(weightMap)) throw new CheckpointError(file, 'has no weight_map');
  const shardOf = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(weightMap)) {
    if (typeof shard !== 'string') throw new CheckpointError(file, `maps tensor ${quoted(tensor)} to no file name`);
    checkShardName(file, shard);
    shardOf.set(tensor, shard);
  }
  if (shardOf.size === 0) throw new CheckpointError(file, 'names no tensor');
  const shards = new Set(shardOf.values()).size;
  if (shards > MAX_SHARDS) throw new CheckpointError(file, `names ${shards} shards; at most ${MAX_SHARDS} are read`);
  return shardOf;
}

function checkShardName(file: string, shard: string): void {
  // \p{C}: control and formatting characters, which have no place in a message either.
  if (/[/\\\p{C}]/u.test(shard) || path.isAbsolute(shard) || shard === '..' || shard === '.') {
    throw new CheckpointError(file, `names the shard ${quoted(shard)}, which is not a plain file name beside it`);
  }
  if (!shard.endsWith('.safetensors')) {
    throw new CheckpointError(file, `names the shard ${quoted(shard)}, which is not a .safetensors file`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
