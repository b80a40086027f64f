import { writeSync } from 'node:fs';
import type { PackPlan } from '../deepseek-v2/packed-weights.ts';
import { BlockClaims } from './block-claims.ts';
import type { PackLayout } from './layout.ts';
import { BlockBuffers, type Piece, packBlock, type Sources } from './pack-block.ts';
import { blockCapacity, packBlocks } from './pack-blocks.ts';

/** All that a thread must know to pack its share of the blocks; plain data. */
export interface PackJob {
  readonly plan: PackPlan;
  readonly layout: PackLayout;
  readonly sources: Sources;
  /** Values in a block, unless a row has more. */
  readonly blockElements: number;
  /** Descriptor of weights.bin. */
  readonly fd: number;
  /** Of the BlockClaims that divide the blocks. */
  readonly claims: SharedArrayBuffer;
}

/**
 * Packs the blocks that are given to this thread: reads, converts and writes one after the other, blocking. They are the same blocks at the same
 * places, however many threads take part.
 * @returns the bytes written, block by block
 * @throws CheckpointError when a source cannot be read any more or does not fit the packed type; a system error when the target cannot be written
 */
export function* packShare(job: PackJob): Generator<number, void> {
  const { plan, layout, sources, fd } = job;
  const capacity = blockCapacity(plan, job.blockElements);
  const buffers = new BlockBuffers(capacity);
  for (const block of new BlockClaims(job.claims).of(packBlocks(plan, layout, capacity))) {
    let bytes = 0;
    for (const piece of packBlock(sources, block, buffers)) {
      writePiece(fd, piece);
      bytes += piece.bytes.byteLength;
    }
    yield bytes;
  }
}

function writePiece(fd: number, { byteOffset, bytes }: Piece): void {
  let done = 0;
  while (done < bytes.byteLength) done += writeSync(fd, bytes, done, bytes.byteLength - done, byteOffset + done);
}
