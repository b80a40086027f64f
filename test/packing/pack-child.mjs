// Packs a checkpoint in a process of its own: `node pack-child.mjs <compiled pack-checkpoint.js> <options as JSON>`.
// With "stopAfterFirstBlock" it says "packing" and then hangs in the middle of its work until it is killed.
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { packCheckpoint } = await import(pathToFileURL(process.argv[2]).href);
const { stopAfterFirstBlock, ...options } = JSON.parse(process.argv[3]);
let said = '';
const onProgress = ({ phase }) => {
  if (phase === said) return;
  said = phase;
  writeSync(1, `${phase}\n`);
  if (stopAfterFirstBlock) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};
const { folder } = await packCheckpoint({ ...options, onProgress });
writeSync(1, `done ${folder}\n`);
