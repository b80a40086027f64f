/** Element types that the model's stream of activations may have on a GPU. */
export type StreamType = 'f32' | 'f16' | 'bf16';

/** What the bytes of 8-bit latents mean (kernels/portable/latent-codes.cuh): e4m3 floats, or whole numbers. */
export type LatentCode = 'fp8' | 'int8';
