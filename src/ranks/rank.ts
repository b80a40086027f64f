/** One device with a loaded model. Everything in it belongs to the thread that made it. */
export interface Rank extends Disposable {
  /**
   * Begins the next step, whose inputs its buffers hold; it may be done when this returns.
   * @param awaitLateInputs blocks until what the engine writes while the step runs is there; called only where it is needed
   * @throws OnnxRuntimeError, CudaError
   */
  begin(awaitLateInputs: () => void): void;
  /**
   * Blocks until the oldest step begun is done and its results are in the buffers.
   * @param isInterrupted asked over and over while waiting: the caller has something better to do
   * @returns whether the step is done; false only when interrupted
   * @throws CudaError when the step has failed
   */
  finish(isInterrupted?: () => boolean): boolean;
}
