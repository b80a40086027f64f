import { cpuAttentionNames } from '../deepseek-v2/cpu-attention.ts';
import { modelNames } from '../deepseek-v2/model-graph.ts';
import type { IoBinding } from '../onnxruntime/io-binding.ts';
import type { OnnxRuntime } from '../onnxruntime/runtime.ts';
import { Tensor } from '../onnxruntime/tensor.ts';
import type { StepBuffers, StepInput } from './step-buffers.ts';

interface Slot {
  readonly name: string;
  readonly read: () => StepInput;
  /** Place and shape that are bound now. */
  bound: string;
}

/**
 * The i64 inputs of a session, bound in place to the memory that the engine writes. Binding costs a few microseconds
 * an input, so one is bound again only when its place or shape has changed; decode steps mostly repeat the last.
 */
export class BoundInputs {
  readonly #runtime: OnnxRuntime;
  readonly #binding: IoBinding;
  readonly #integers: SharedArrayBuffer;
  readonly #slots: Slot[];

  constructor(runtime: OnnxRuntime, binding: IoBinding, buffers: StepBuffers) {
    this.#runtime = runtime;
    this.#binding = binding;
    this.#integers = buffers.memory.integers;
    const slot = (name: string, read: () => StepInput): Slot => ({ name, read, bound: '' });
    this.#slots = [
      slot(modelNames.tokenIds, () => buffers.common('tokenIds')),
      slot(modelNames.positions, () => buffers.common('positions')),
      slot(modelNames.logitRows, () => buffers.common('logitRows')),
      slot(cpuAttentionNames.order, () => buffers.common('order')),
    ];
    for (let group = 0; group < buffers.memory.limits.numGroups; group++) {
      this.#slots.push(
        slot(cpuAttentionNames.rows(group), () => buffers.group(group, 'rows')),
        slot(cpuAttentionNames.blocks(group), () => buffers.group(group, 'blocks')),
        slot(cpuAttentionNames.contextLengths(group), () => buffers.group(group, 'contextLengths')),
      );
    }
  }

  /** Binds what the step in the buffers needs. */
  bind(): void {
    for (const slot of this.#slots) {
      const { offset, dims } = slot.read();
      const wanted = `${offset}:${dims.join('x')}`;
      if (wanted === slot.bound) continue;
      slot.bound = wanted;
      const length = dims.reduce((product, dim) => product * dim, 1);
      using tensor = Tensor.over(this.#runtime, new BigInt64Array(this.#integers, offset * 8, length), dims);
      this.#binding.bindInput(slot.name, tensor);
    }
  }
}
