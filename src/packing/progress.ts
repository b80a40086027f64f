/** What packing is doing: `waiting` for another process that packs the same weights, `packing`, or `syncing` them to the disk. */
export type PackPhase = 'waiting' | 'packing' | 'syncing';

/** Bytes count what is written. */
export interface PackProgress {
  readonly phase: PackPhase;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** Called often (after every few MB) and synchronously: it must be quick. */
export type OnPackProgress = (progress: PackProgress) => void;
