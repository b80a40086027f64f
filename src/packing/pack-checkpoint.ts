import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Checkpoint, openCheckpoint } from '../checkpoint/checkpoint.ts';
import { systemErrorCode } from '../checkpoint/file-error.ts';
import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import { type PackPlan, planPackedWeights } from '../deepseek-v2/packed-weights.ts';
import type { Precision } from '../deepseek-v2/precision.ts';
import { ConfigError } from '../errors.ts';
import { checkTensors } from './check-tensors.ts';
import { requireDiskSpace } from './disk-space.ts';
import { layOut, type PackLayout } from './layout.ts';
import { readPackedModel, WEIGHTS_FILE, writeManifest } from './manifest.ts';
import type { PackedModel } from './packed-model.ts';
import { createPartial, lastWrite, listPartials, partialPath, removeAbandoned } from './partial-folder.ts';
import { isAlive } from './process-identity.ts';
import type { OnPackProgress } from './progress.ts';
import { packDigest } from './source-identity.ts';
import { writeWeights } from './write-weights.ts';

export interface PackOptions {
  /** The checkpoint: safetensors, with or without an index. */
  readonly folder: string;
  readonly config: DeepseekV2Config;
  /** Element types of the packed weights. */
  readonly precision: Precision;
  /** See defaultCacheRoot; packs lie in `<cacheRoot>/packed/<digest>/`. */
  readonly cacheRoot: string;
  readonly onProgress?: OnPackProgress;
  readonly signal?: AbortSignal;
  /** Threads that pack; see writeWeights. */
  readonly workers?: number;
}

/** Another process that packs the same weights is waited for as long as it writes. */
const POLL_MS = 250;
const STALLED_MS = 10 * 60 * 1000;

interface Job extends PackOptions {
  readonly checkpoint: Checkpoint;
  readonly plan: PackPlan;
  readonly layout: PackLayout;
  readonly digest: string;
  /** Holds finished packs and those under way. */
  readonly store: string;
  /** Where the finished pack goes. */
  readonly target: string;
}

/**
 * Lays the weights of a checkpoint out for a device: rows in the order that the graph wants, in the wanted precision. A pack made before
 * from the same files is used again. Its folder appears whole or not at all; what a killed process leaves behind is
 * removed by the next one; several processes may ask for the same pack at once.
 * @throws CheckpointError when the checkpoint is broken or does not fit `config`
 * @throws ConfigError when the cache folder cannot be used or its disk is too small
 * @throws the signal's reason when it aborts
 */
export async function packCheckpoint(options: PackOptions): Promise<PackedModel> {
  const { folder, config, cacheRoot, precision } = options;
  const plan = planPackedWeights(config, precision);
  const checkpoint = await openCheckpoint(folder);
  try {
    checkTensors(checkpoint, plan);
    const digest = await packDigest(checkpoint, plan, precision);
    const store = path.join(cacheRoot, 'packed');
    const target = path.join(store, digest);
    const job: Job = { ...options, checkpoint, plan, layout: layOut(plan, precision), digest, store, target };
    try {
      await mkdir(store, { recursive: true });
      return (await findPack(job)) ?? (await makePack(job));
    } catch (error) {
      throw options.signal?.aborted ? error : cacheError(store, error);
    }
  } finally {
    await checkpoint.close();
  }
}

/** The finished pack; waits for a living process that is making it. null: it has to be made. */
async function findPack(job: Job): Promise<PackedModel | null> {
  const { store, target, digest, layout, signal, onProgress } = job;
  for (;;) {
    signal?.throwIfAborted();
    await removeAbandoned(store);
    // Looked at first: a folder that appears afterwards is somebody's finished pack, not a damaged one.
    const wasThere = existsSync(target);
    const packed = await readPackedModel(target, digest, layout);
    if (packed !== null) return packed;
    if (wasThere) await discard(job);
    if (!(await isBeingPacked(job))) return null;
    onProgress?.({ phase: 'waiting', bytesDone: 0, bytesTotal: layout.byteLength });
    await delay(POLL_MS);
  }
}

async function isBeingPacked({ store, digest }: Job): Promise<boolean> {
  for (const partial of await listPartials(store)) {
    if (partial.digest !== digest || isAlive(partial.owner) !== true) continue;
    if (Date.now() - (await lastWrite(partial)) < STALLED_MS) return true;
  }
  return false;
}

async function makePack(job: Job): Promise<PackedModel> {
  const { store, digest, layout, folder } = job;
  await requireDiskSpace(store, layout.byteLength);
  const partial = await createPartial(store, digest);
  try {
    await writeWeights({ ...job, file: path.join(partial, WEIGHTS_FILE) });
    await writeManifest(partial, digest, layout, path.resolve(folder));
    await syncFolder(partial);
    return await publish(job, partial);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Gives a finished pack its name, unless another process was faster: then that one's is used. */
async function publish(job: Job, partial: string): Promise<PackedModel> {
  const { store, target, digest, layout } = job;
  for (;;) {
    try {
      await rename(partial, target);
      await syncFolder(store);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '')) throw error;
    }
    const packed = await readPackedModel(target, digest, layout);
    if (packed !== null) return packed;
    await discard(job);
  }
}

/** Takes a damaged pack out of the way. Renamed first, so that nobody sees it half removed, and put back if it was repaired meanwhile. */
async function discard({ store, target, digest, layout }: Job): Promise<void> {
  const aside = partialPath(store, `discarded${digest}`);
  try {
    await rename(target, aside);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readPackedModel(aside, digest, layout)) !== null) {
    const isBack = await rename(aside, target).then(
      () => true,
      () => false,
    );
    if (isBack) return;
  }
  await rm(aside, { recursive: true, force: true });
}

/** Makes the names in `folder` durable; Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A failed system call on the cache, in words; errors of our own and aborts are returned unchanged. */
function cacheError(store: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === null) return error;
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk became full while the weights were packed',
    EDQUOT: 'the disk quota was reached while the weights were packed',
    EACCES: 'no permission to write',
    EPERM: 'no permission to write',
    EROFS: 'the file system is read-only',
    ENOTDIR: 'a part of this path is a file',
    EEXIST: 'a part of this path is a file',
  };
  return new ConfigError(
    `${store}: the cache folder cannot be used: ${reasons[code] ?? code}. Choose another one with --cache-dir or $XDG_CACHE_HOME.`,
  );
}
