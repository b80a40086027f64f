/** Element types that the model's stream of activations may have on a GPU. */
export type StreamType = 'f32' | 'f16' | 'bf16';

/** Element types of the latent pool: the stream's, or bytes, where rows are those of kernels/portable/fp8.cuh. */
export type PoolType = StreamType | 'u8';
