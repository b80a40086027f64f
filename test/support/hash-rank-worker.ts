import { workerData } from 'node:worker_threads';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import { RankLink } from '../../src/ranks/rank-link.ts';
import { serveSteps } from '../../src/ranks/serve-steps.ts';
import type { HashThreadData } from './hash-engine.ts';
import { HashRank } from './hash-rank.ts';

/** Entry of a thread with a HashRank, which serves as ranks/rank-worker.ts does. */
const { memory, control, options } = workerData as HashThreadData;
const buffers = memory.map((slot) => new PagedStepBuffers(slot));
serveSteps(new HashRank(buffers, options), new RankLink(control));
