import type { Pointer } from './api-functions.ts';
import type { ElementType, TensorData } from './element-type.ts';

/** Where a tensor of a custom op is wanted. `host` keeps it in host memory even for a CUDA operator. */
export type CustomOpMemory = 'provider' | 'host';

export interface CustomOpInput {
  readonly type: ElementType;
  /** May be absent from a node; the kernel then sees undefined. Defaults to false. */
  readonly optional?: boolean;
  /** Defaults to provider. */
  readonly memory?: CustomOpMemory;
}

export interface CustomOpOutput {
  readonly type: ElementType;
}

/** An operator whose kernel is JavaScript: it runs on the thread that runs the session, and nowhere else. */
export interface CustomOp {
  /** Operator type of the nodes. */
  readonly name: string;
  readonly provider: 'cpu' | 'cuda';
  readonly inputs: readonly CustomOpInput[];
  readonly outputs: readonly CustomOpOutput[];
  /** Attributes that every node must carry, given to the kernel as numbers. Defaults to none. */
  readonly attributes?: Readonly<Record<string, 'float' | 'int'>>;
  /**
   * Computes one node: reads `context.input(i)`, makes `context.output(i, shape)` for every output and fills it, or
   * enqueues that work on `context.gpuStream`. Whatever it throws makes the run fail with that message.
   */
  compute(context: KernelContext): void;
}

/** What a kernel sees of the node being computed; valid until `compute` returns. */
export interface KernelContext {
  /** The node's attributes, as declared by the operator. */
  readonly attributes: Readonly<Record<string, number>>;
  /** The cudaStream_t that the session computes on. */
  readonly gpuStream: Pointer;
  /** The input with this index; throws InvariantError when the node lacks it. */
  input(index: number): KernelTensor;
  /** Undefined where an optional input is absent. */
  optionalInput(index: number): KernelTensor | undefined;
  /** Makes the output with this index in the provider's memory, uninitialised. */
  output(index: number, shape: readonly number[]): KernelTensor;
}

/** An input or output of the node being computed; it and its views are valid until `compute` returns. */
export interface KernelTensor {
  readonly shape: readonly number[];
  readonly elementType: ElementType;
  /** Address of the first element, on the provider's device or on the host, as the operator declares. */
  readonly pointer: Pointer;
  /** The elements of a tensor in host memory, without copying. Throws InvariantError for device memory. */
  data(): TensorData;
}
