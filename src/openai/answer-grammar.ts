import type { GrammarSpec } from '../grammar/grammar-spec.ts';
import type { ReasoningStyle } from './answer-reader.ts';
import type { ToolChoice, ToolFormat } from './served-model.ts';
import { afterReasoning, anyOf, type CallableTool, callsOrTextSpec, callsSpec } from './tool-grammar.ts';

/** A form that the whole answer must have, and the field that asked for it. */
export interface AnswerFormat {
  readonly spec: GrammarSpec;
  readonly param: string;
}

export interface AnswerDemands {
  /** Those that may be called; none when toolChoice is none. */
  readonly tools: readonly CallableTool[];
  readonly toolChoice: ToolChoice;
  readonly isParallel: boolean;
  readonly toolFormat: ToolFormat;
  readonly format: AnswerFormat | null;
  readonly reasoning: ReasoningStyle | null;
}

/**
 * What an answer must match; null for anything. Calls where one is required; calls or the format where the model may
 * choose; text or calls that validate where a tool is strict. Reasoning before it is free.
 */
export function answerSpec(demands: AnswerDemands): GrammarSpec | null {
  const { tools, toolChoice, isParallel, toolFormat, format, reasoning } = demands;
  const form = { format: toolFormat, isParallel };
  const precede = (spec: GrammarSpec) => (reasoning === null ? spec : afterReasoning(spec, reasoning.isOpen));
  if (toolChoice === 'required') return precede(callsSpec(tools, form));
  if (typeof toolChoice === 'object') {
    const named = tools.filter(({ definition }) => definition.name === toolChoice.name);
    return precede(callsSpec(named, { ...form, isParallel: false }));
  }
  if (tools.length === 0) return format === null ? null : precede(formatSpec(format));
  if (format !== null) return precede(anyOf(callsSpec(tools, form), formatSpec(format)));
  if (!tools.some(({ definition }) => definition.strict)) return null;
  return precede(callsOrTextSpec(tools, form));
}

/** The format, with the field that holds it written where its faults are found. */
function formatSpec({ spec, param }: AnswerFormat): GrammarSpec {
  return spec.type === 'jsonSchema' ? { param, ...spec } : spec;
}
