import type { Value } from '../onnx/graph-builder.ts';
import { type EmitContext, linear, splitLast } from './emit-context.ts';

/** SwiGLU MLP (HF DeepseekV2MLP): x [T, hidden] -> [T, hidden]. `prefix` names the packed weights `<prefix>gate_up` and `<prefix>down`. */
export function emitMlp(context: EmitContext, x: Value, prefix: string, width: number): Value {
  const { graph } = context;
  const [gate, up] = splitLast(context, linear(context, x, `${prefix}gate_up`), [width, width]); // [T, width] each
  const silu = graph.node('Mul', [gate!, graph.node('Sigmoid', [gate!])]);
  return linear(context, graph.node('Mul', [silu, up!]), `${prefix}down`);
}
