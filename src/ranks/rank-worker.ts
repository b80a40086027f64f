import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { CheckpointError, ConfigError, invariant } from '../errors.ts';
import { makeDummyWeights } from '../packing/dummy-weights.ts';
import { packCheckpoint } from '../packing/pack-checkpoint.ts';
import { precisionOf } from './device-spec.ts';
import { loadRank, probeDevice } from './load-rank.ts';
import { RankLink } from './rank-link.ts';
import type { RankCommand, RankFault, RankMessage, RankWorkerData } from './rank-messages.ts';
import { serveSteps } from './serve-steps.ts';

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
  probeDevice(data.device, cacheRoot);
  const precision = precisionOf(data.device);
  const packed =
    data.loadFormat === 'dummy'
      ? await makeDummyWeights({ config, precision, cacheRoot })
      : await packCheckpoint({
          folder,
          config,
          precision,
          cacheRoot,
          onProgress: ({ bytesDone, bytesTotal }) => send({ type: 'packing', bytesDone, bytesTotal }),
        });
  send({ type: 'loading' });
  using loaded = loadRank(data.device, { config, packed, blockSize: data.blockSize, cacheRoot });
  const commanded = once(port!, 'message') as Promise<[RankCommand]>;
  send({ type: 'loaded', memory: loaded.memory });
  const [command] = await commanded;
  if (command.type === 'stop') return;
  const rank = loaded.attach(command.numBlocks, command.stepMemory);
  send({ type: 'attached' });
  serveSteps(rank, new RankLink(command.linkMemory));
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
