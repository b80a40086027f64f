/** Element types a packed tensor may have; the names are safetensors' in lower case. u8: quantised (quantize-rows.ts). */
export type PackedDtype = 'f32' | 'f16' | 'bf16' | 'u8';

export const PACKED_BYTES: Readonly<Record<PackedDtype, number>> = { f32: 4, f16: 2, bf16: 2, u8: 1 };

export interface PackedTensor {
  readonly dtype: PackedDtype;
  readonly shape: readonly number[];
  /** Byte offset in the weights file; a multiple of 4096, so that ONNX Runtime can map it. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A checkpoint laid out for one device: what `pack` leaves in the cache folder and the graph's initialisers point into. */
export interface PackedModel {
  /** Folder that holds {@link weightsFile}; real path (ONNX Runtime refuses links that leave it). */
  readonly folder: string;
  readonly weightsFile: string;
  readonly tensors: ReadonlyMap<string, PackedTensor>;
}
