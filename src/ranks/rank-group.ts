/**
 * The devices that compute a step together. Today one rank; with expert parallelism each rank has its own sequences and
 * all run the same step, so everything here is per rank. `Buffers` is what steps travel in under the devices' attention
 * contract.
 */
export interface RankGroup<Buffers> {
  /** Inputs and results of each rank. Written by the engine only while no step that uses them is under way; late inputs until it waits. */
  readonly buffers: readonly Buffers[];
  /** Hands the step that the buffers hold to every rank. */
  submit(): void;
  /** Blocks until all ranks are done with the oldest step that was not waited for. @throws RankError */
  wait(): void;
  /** Ends the ranks; no step may be under way. */
  stop(): void;
}
