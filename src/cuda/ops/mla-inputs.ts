import type { KernelContext, KernelTensor } from '../../onnxruntime/custom-op.ts';

/** The inputs of MlaAttention, in their order. */
export const mlaInputs = [
  'q',
  'rotary',
  'latents',
  'absorbed',
  'weighted',
  'keys',
  'values',
  'valueWeights',
  'pool',
  'firstTokens',
  'contextLengths',
  'blockTable',
  'plan',
  'lengths',
  'partials',
] as const;

/** Gives an input by its name; to ask for one is a call to ONNX Runtime, and not every step needs all. */
export type MlaInputs = (name: (typeof mlaInputs)[number]) => KernelTensor;

export function mlaInputsOf(context: KernelContext): MlaInputs {
  return (name) => context.input(mlaInputs.indexOf(name));
}
