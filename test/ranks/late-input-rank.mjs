import { workerData } from 'node:worker_threads';
import { RankLink } from '../../dist/ranks/rank-link.js';

const link = new RankLink(workerData.memory);
const [BEGUN, LATE, SEEN] = [0, 1, 2];
const words = new Int32Array(workerData.words);
while (link.next()) {
  Atomics.add(words, BEGUN, 1);
  Atomics.notify(words, BEGUN);
  link.awaitLateInputs();
  words[SEEN] = words[LATE];
  link.complete(null);
}
