import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';

/** SwiGLU MLP (HF DeepseekV2MLP): x [T, hidden] -> [T, hidden]. `prefix` names the packed weights `<prefix>gate_up` and `<prefix>down`. */
export function emitMlp(context: EmitContext, x: Value, prefix: string, width: number): Value {
  const hidden = context.dense.gatedProduct(context, x, `${prefix}gate_up`, width); // [T, width]
  return context.dense.product(context, hidden, `${prefix}down`);
}
