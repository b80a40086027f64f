import path from 'node:path';
import { CheckpointError, invariant } from '../errors.ts';
import type { SafetensorsDtype } from './dtype.ts';
import { quoted } from './quoted.ts';
import { ShardFile } from './shard-file.ts';
import { readShardIndex } from './shard-index.ts';
import type { TensorRows } from './tensor-rows.ts';
import { findWeightFiles, resolveWeightFile } from './weight-files.ts';

export interface CheckpointTensor {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** The file that holds it, for messages. */
  readonly file: string;
  /** Position in the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** An open checkpoint: the directory of its tensors, and where their rows can be read. */
export class Checkpoint {
  readonly folder: string;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** Sorted by path. */
  readonly shards: readonly ShardFile[];
  readonly #shardOf = new Map<string, ShardFile>();

  constructor(folder: string, shards: readonly ShardFile[]) {
    this.folder = folder;
    this.shards = shards;
    const tensors = new Map<string, CheckpointTensor>();
    for (const shard of shards) {
      for (const { name, dtype, shape, begin, end } of shard.tensors) {
        const byteOffset = shard.dataStart + begin;
        tensors.set(name, { name, dtype, shape, file: shard.path, byteOffset, byteLength: end - begin });
        this.#shardOf.set(name, shard);
      }
    }
    this.tensors = tensors;
  }

  /** Where the rows of a tensor lie, for readRows; until {@link close}. */
  rowsOf(name: string): TensorRows {
    const tensor = this.tensors.get(name);
    const shard = this.#shardOf.get(name);
    invariant(tensor && shard, `tensor ${name} is not in the checkpoint`);
    const { dtype, file, shape, byteOffset, byteLength } = tensor;
    const count = shape.length < 2 ? 1 : shape[0]!;
    const bytesPerRow = count === 0 ? 0 : byteLength / count;
    invariant(Number.isInteger(bytesPerRow), `rows of tensor ${name} do not begin on bytes`);
    return { dtype, file, fd: shard.fd, byteOffset, count, bytesPerRow };
  }

  async close(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.close()));
  }
}

/**
 * Opens the safetensors checkpoint in `folder`: model.safetensors, or the shards that model.safetensors.index.json
 * names. Reads and checks every header, no tensor. The caller closes it.
 * @throws CheckpointError naming the file and the reason
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const weights = await findWeightFiles(folder);
  if (weights.kind === 'single') {
    return new Checkpoint(folder, await openShards(folder, [weights.name]));
  }
  const indexFile = path.join(folder, weights.name);
  await resolveWeightFile(folder, weights.name);
  const shardOf = await readShardIndex(indexFile);
  const shards = await openShards(folder, [...new Set(shardOf.values())].sort());
  try {
    checkIndex(indexFile, shardOf, shards);
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
  return new Checkpoint(folder, shards);
}

async function openShards(folder: string, names: readonly string[]): Promise<ShardFile[]> {
  const shards: ShardFile[] = [];
  try {
    for (const name of names) {
      shards.push(await ShardFile.open(path.join(folder, name), await resolveWeightFile(folder, name)));
    }
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
  return shards;
}

async function closeAll(shards: readonly ShardFile[]): Promise<void> {
  await Promise.all(shards.map((shard) => shard.close()));
}

/** Index and shards must name the same tensors: what one of them lacks would be served as something else. */
function checkIndex(indexFile: string, shardOf: ReadonlyMap<string, string>, shards: readonly ShardFile[]): void {
  let found = 0;
  for (const shard of shards) {
    const shardName = path.basename(shard.path);
    for (const { name } of shard.tensors) {
      const indexed = shardOf.get(name);
      if (indexed === undefined) {
        throw new CheckpointError(
          shard.path,
          `holds tensor ${quoted(name)}, which ${path.basename(indexFile)} does not name`,
        );
      }
      if (indexed !== shardName) {
        throw new CheckpointError(
          shard.path,
          `holds tensor ${quoted(name)}, which the index places in ${quoted(indexed)}`,
        );
      }
      found++;
    }
  }
  if (found === shardOf.size) return;
  const names = new Set(shards.flatMap((shard) => shard.tensors.map(({ name }) => name)));
  for (const [name, shard] of shardOf) {
    if (!names.has(name)) {
      throw new CheckpointError(
        path.join(path.dirname(indexFile), shard),
        `lacks tensor ${quoted(name)}, which the index places in it`,
      );
    }
  }
}
