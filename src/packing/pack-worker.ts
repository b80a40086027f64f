import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../errors.ts';
import { ByteMeter } from './byte-meter.ts';
import { type PackWorkerMessage, toFault } from './pack-fault.ts';
import { type PackJob, packShare } from './pack-job.ts';

// Entry point of a thread that packs: takes blocks until there are none left, then ends by itself.
invariant(parentPort, 'packing threads are started as worker threads');
const port = parentPort;
const meter = new ByteMeter((bytes) => send({ type: 'written', bytes }));

try {
  for (const bytes of packShare(workerData as PackJob)) meter.add(bytes);
  meter.flush();
} catch (error) {
  send({ type: 'failed', fault: toFault(error) });
}

function send(message: PackWorkerMessage): void {
  port.postMessage(message);
}
