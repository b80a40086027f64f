import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { FLOAT32 } from '../deepseek-v2/precision.ts';
import { CheckpointError, ConfigError, invariant } from '../errors.ts';
import { openOnnxRuntime } from '../onnxruntime/library.ts';
import { packCheckpoint } from '../packing/pack-checkpoint.ts';
import { CpuRank } from './cpu-rank.ts';
import { RankLink } from './rank-link.ts';
import type { RankCommand, RankFault, RankMessage, RankWorkerData } from './rank-messages.ts';
import { StepBuffers } from './step-buffers.ts';

/** Entry of a rank thread: packs and loads the model, then computes steps, blocked in between. */
const port = parentPort;
invariant(port, 'a rank runs in a worker thread');
const data = workerData as RankWorkerData;

try {
  await serve();
} catch (error) {
  send({ type: 'failed', fault: toFault(error) });
}
port.close();

async function serve(): Promise<void> {
  const { modelFolder: folder, config, cacheRoot } = data;
  const packed = await packCheckpoint({
    folder,
    config,
    precision: FLOAT32,
    cacheRoot,
    onProgress: ({ bytesDone, bytesTotal }) => send({ type: 'packing', bytesDone, bytesTotal }),
  });
  send({ type: 'loading' });
  using rank = new CpuRank(openOnnxRuntime(), {
    config,
    folder: packed.folder,
    weightsFile: packed.weightsFile,
    weights: packed.tensors,
    blockSize: data.blockSize,
    numGroups: data.numGroups,
    numThreads: data.numThreads,
  });
  const commanded = once(port!, 'message') as Promise<[RankCommand]>;
  send({ type: 'loaded' });
  const [command] = await commanded;
  if (command.type === 'stop') return;
  rank.attach(command.numBlocks, new StepBuffers(command.stepMemory));
  send({ type: 'attached' });
  serveSteps(rank, new RankLink(command.linkMemory));
}

function serveSteps(rank: CpuRank, link: RankLink): void {
  while (link.next()) {
    try {
      rank.run();
      link.complete(null);
    } catch (error) {
      link.complete(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function toFault(error: unknown): RankFault {
  if (error instanceof CheckpointError) return { kind: 'checkpoint', file: error.file, message: error.message };
  if (error instanceof ConfigError) return { kind: 'config', message: error.message };
  if (error instanceof Error) return { kind: 'bug', message: error.message, stack: error.stack ?? '' };
  return { kind: 'bug', message: String(error), stack: '' };
}

function send(message: RankMessage): void {
  port!.postMessage(message);
}
