/** One device with a loaded model. Everything in it belongs to the thread that made it. */
export interface Rank extends Disposable {
  /** Computes the step that its buffers hold. @throws OnnxRuntimeError, CudaError */
  run(): void;
}
