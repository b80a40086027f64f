import { Cublas } from '../cublas.ts';
import type { CudaDevice } from '../device.ts';
import type { LatentCode, StreamType } from '../element-types.ts';
import { KernelModules } from '../kernel-modules.ts';
import { TensorMaps } from '../tensor-maps.ts';

const ELEMENT_BYTES = { f32: 4, f16: 2, bf16: 2 } as const;
const CODE_SUFFIXES = { fp8: 'Fp8', int8: 'Int8' } as const;

/** Which kernels the operators launch: the fastest that fit the GPU and the model, or the portable ones always. */
export type KernelChoice = 'auto' | 'portable';

/** What no tensor tells of a step; src/ranks/paged-step-buffers.ts has it as a part of the step's shape. */
export interface StepKind {
  /** The first sequences, which have one token each (or none, as padding); their tokens are the first of the step. */
  readonly numDecodes: number;
  /** From this sequence on all are chunks for which nothing was cached before this step. */
  readonly firstFreshSequence: number;
  /** The first of its tokens. */
  readonly firstFreshToken: number;
}

/** What the operators of one session share: their GPU, its kernels, and what no tensor tells them of a step. */
export class GpuKernels implements Disposable {
  readonly device: CudaDevice;
  readonly type: StreamType;
  /** Of 8-bit latents; null: the pool holds values of the stream's type. */
  readonly code: LatentCode | null;
  /** The kernels in kernels/hopper may be used. */
  readonly isHopper: boolean;
  readonly modules: KernelModules;
  readonly tensorMaps: TensorMaps;
  step: StepKind = { numDecodes: 0, firstFreshSequence: 0, firstFreshToken: 0 };
  #cublas: Cublas | null = null;

  constructor(device: CudaDevice, type: StreamType, choice: KernelChoice, code: LatentCode | null) {
    this.device = device;
    this.type = type;
    this.code = code;
    const [major, minor] = device.computeCapability;
    this.isHopper = choice === 'auto' && major === 9 && minor === 0;
    this.modules = new KernelModules(device.driver);
    this.tensorMaps = new TensorMaps(device.driver);
  }

  /** The element type that the Hopper kernels are to be taken for, or null. */
  get hopperType(): 'f16' | 'bf16' | null {
    return this.isHopper && this.type !== 'f32' ? this.type : null;
  }

  /** Bytes of an element of the stream. */
  get elementBytes(): number {
    return ELEMENT_BYTES[this.type];
  }

  /** Made when an operator first computes, which is before any graph is captured. */
  get cublas(): Cublas {
    this.#cublas ??= new Cublas(this.device.driver);
    return this.#cublas;
  }

  /** Element type of the latent pool. */
  get poolType(): StreamType | 'u8' {
    return this.code === null ? this.type : 'u8';
  }

  /** What the names of kernels that read or write the pool have in them. */
  get poolSuffix(): string {
    return this.code === null ? '' : CODE_SUFFIXES[this.code];
  }

  [Symbol.dispose](): void {
    this.#cublas?.[Symbol.dispose]();
    this.modules[Symbol.dispose]();
  }
}
