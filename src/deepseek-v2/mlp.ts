import type { Value } from '../onnx/graph-builder.ts';
import { type EmitContext, linear } from './emit-context.ts';

/** SwiGLU MLP (HF DeepseekV2MLP): x [T, hidden] -> [T, hidden]. `prefix` names the packed weights `<prefix>gate_up` and `<prefix>down`. */
export function emitMlp(context: EmitContext, x: Value, prefix: string, width: number): Value {
  const gateUp = linear(context, x, `${prefix}gate_up`); // [T, 2 * width]
  return linear(context, context.fusions.swiGlu(context, gateUp, width), `${prefix}down`);
}
