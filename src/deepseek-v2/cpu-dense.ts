import { type DenseEmitter, linear, splitLast } from './emit-context.ts';

/** Dense products by ONNX Runtime's own operators. */
export const cpuDense: DenseEmitter = {
  product: linear,
  logits: linear,
  gatedProduct(context, x, weight, width) {
    const { graph } = context;
    const [gate, up] = splitLast(context, linear(context, x, weight), [width, width]); // [T, width] each
    const silu = graph.node('Mul', [gate!, graph.node('Sigmoid', [gate!])]);
    return graph.node('Mul', [silu, up!]);
  },
};
