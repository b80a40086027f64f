/** Element types that the model's stream of activations may have on a GPU. */
export type StreamType = 'f32' | 'f16' | 'bf16';
