/** One device with a loaded model. Everything in it belongs to the thread that made it. */
export interface Rank extends Disposable {
  /**
   * Computes the step that its buffers hold.
   * @param awaitLateInputs blocks until what the engine writes while the step runs is there; called only where it is needed
   * @throws OnnxRuntimeError, CudaError
   */
  run(awaitLateInputs: () => void): void;
}
