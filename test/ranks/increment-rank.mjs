import { workerData } from 'node:worker_threads';
import { RankLink } from '../../dist/ranks/rank-link.js';

const link = new RankLink(workerData.memory);
const counter = new Int32Array(workerData.counter);
while (link.next()) {
  counter[0]++;
  link.complete(null);
}
