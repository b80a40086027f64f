import { workerData } from 'node:worker_threads';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import { RankLink } from '../../src/ranks/rank-link.ts';
import type { HashThreadData } from './hash-engine.ts';
import { HashRank } from './hash-rank.ts';

/** Entry of a thread with a HashRank, which serves as ranks/rank-worker.ts does. */
const { memory, control, options } = workerData as HashThreadData;
const link = new RankLink(control);
const rank = new HashRank(new PagedStepBuffers(memory), options);
while (link.next()) {
  try {
    rank.run(() => link.awaitLateInputs());
    link.complete(null);
  } catch (error) {
    link.complete(error as Error);
  }
}
