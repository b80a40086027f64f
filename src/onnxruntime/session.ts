import { invariant } from '../errors.ts';
import { IoBinding } from './io-binding.ts';
import { CPU_DEVICE, MemoryInfo } from './memory-info.ts';
import type { RunOptions } from './run-options.ts';
import { SessionHandle } from './session-handle.ts';
import type { Tensor } from './tensor.ts';

/** OrtSession: a model that is ready to run. */
export class Session extends SessionHandle {
  /**
   * Runs the model on the calling thread and returns when it is done (RunWithBinding).
   *
   * @throws InvariantError when an input is not bound, or from inside a run on the same thread
   * @throws OnnxRuntimeError with name, type and shape of every bound input, and what a custom op threw as its cause
   */
  run(binding: IoBinding, options?: RunOptions): void {
    invariant(binding.session === this, 'the binding belongs to another session');
    const { runtime } = this;
    runtime.requireIdle('a run starts');
    const pointer = this.pointer;
    const bindingPointer = binding.pointer;
    const optionsPointer = options === undefined ? null : options.pointer;
    binding.beginRun();
    runtime.inFlight(
      () => runtime.api.RunWithBinding(pointer, optionsPointer, bindingPointer),
      () => ` failed (inputs: ${binding.describeInputs()})`,
    );
    binding.endRun();
  }

  /**
   * One run with a binding of its own; the outputs are in host memory and for the caller to dispose of.
   *
   * @param outputNames defaults to all outputs
   * @throws as {@link run}
   */
  runOnce(
    inputs: Readonly<Record<string, Tensor>>,
    outputNames: readonly string[] = this.outputNames,
  ): Record<string, Tensor> {
    this.runtime.requireIdle('a run starts');
    using binding = new IoBinding(this);
    using memory = new MemoryInfo(this.runtime, CPU_DEVICE);
    for (const [name, tensor] of Object.entries(inputs)) binding.bindInput(name, tensor);
    for (const name of outputNames) binding.bindOutputToDevice(name, memory);
    this.run(binding);
    return binding.getOutputs();
  }
}
