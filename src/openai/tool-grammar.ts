import type { GrammarSpec } from '../grammar/grammar-spec.ts';
import { THINK_BEGIN, THINK_END } from '../text/reasoning.ts';
import { TOOL_CALL_BEGIN, TOOL_CALL_END, TOOL_CALLS_BEGIN, TOOL_CALLS_END, TOOL_SEP } from '../text/tool-marks.ts';
import type { ToolDefinition, ToolFormat } from './served-model.ts';

/** A tool that an answer may call, and the field that holds its parameters. */
export interface CallableTool {
  readonly definition: ToolDefinition;
  readonly param: string;
}

export interface CallForm {
  readonly format: ToolFormat;
  /** Whether an answer may hold several calls. */
  readonly isParallel: boolean;
}

/** How an answer that calls begins, where calls are JSON. */
const JSON_CALL_START = '{"name":';
/** Text without the mark that begins calls; of other text only `<｜t` cannot be written. */
const UNMARKED = '(?:[^<]|<+[^<｜]|<+｜[^<t])*<*';
/** Text without the mark that ends reasoning; of other text only `</th` cannot be written. */
const REASONING = '(?:[^<]|<+[^<\\/]|<+\\/[^<t]|<+\\/t[^<h])*';

const literal = (text: string): GrammarSpec => ({ type: 'literal', text });
const sequence = (...items: readonly GrammarSpec[]): GrammarSpec => ({ type: 'sequence', items });

/** An answer that is nothing but calls whose arguments validate. */
export function callsSpec(tools: readonly CallableTool[], { format, isParallel }: CallForm): GrammarSpec {
  const call: GrammarSpec = { type: 'anyOf', items: tools.map((tool) => callSpec(tool, format)) };
  const further: GrammarSpec = { type: 'repeat', item: sequence(literal('\n'), call), min: 0, max: null };
  const calls = isParallel ? sequence(call, further) : call;
  return format === 'deepseek' ? sequence(literal(TOOL_CALLS_BEGIN), calls, literal(TOOL_CALLS_END)) : calls;
}

/**
 * Calls or text: an answer that begins as a call (JSON) or comes to the mark of calls goes on as one. Arguments of strict
 * tools validate against their schema, those of the others are objects.
 */
export function callsOrTextSpec(tools: readonly CallableTool[], form: CallForm): GrammarSpec {
  const loose = tools.map(({ definition, param }) => ({
    definition: definition.strict ? definition : { ...definition, parameters: null },
    param,
  }));
  const calls = callsSpec(loose, form);
  if (form.format === 'json') return anyOf(calls, { type: 'regex', pattern: notBeginningWith(JSON_CALL_START) });
  return sequence({ type: 'regex', pattern: UNMARKED }, { type: 'repeat', item: calls, min: 0, max: 1 });
}

/** Either of the two. */
export function anyOf(...items: readonly GrammarSpec[]): GrammarSpec {
  return { type: 'anyOf', items };
}

/** Reasoning before what the answer must match. @param isOpen the prompt has begun the reasoning */
export function afterReasoning(spec: GrammarSpec, isOpen: boolean): GrammarSpec {
  const begin = isOpen ? [] : [literal(THINK_BEGIN)];
  return sequence(
    ...begin,
    { type: 'regex', pattern: REASONING },
    literal(THINK_END),
    { type: 'regex', pattern: '\\n*' },
    spec,
  );
}

function callSpec({ definition, param }: CallableTool, format: ToolFormat): GrammarSpec {
  const args: GrammarSpec =
    definition.parameters === null
      ? { type: 'jsonObject', whitespace: 'oneLine' }
      : {
          type: 'jsonSchema',
          schema: JSON.stringify({ type: 'object', ...definition.parameters }),
          whitespace: 'oneLine',
          param,
        };
  if (format === 'json') return sequence(literal(`{"name": "${definition.name}", "arguments": `), args, literal('}'));
  return sequence(
    literal(`${TOOL_CALL_BEGIN}function${TOOL_SEP}${definition.name}\n\`\`\`json\n`),
    args,
    literal(`\n\`\`\`${TOOL_CALL_END}`),
  );
}

/** A pattern of all texts that do not begin with this one (of which no character is one of a character class's own). */
function notBeginningWith(text: string): string {
  const escaped = (part: string) => part.replace(/[{}]/g, '\\$&');
  const branches = [...text].map((char, at) => `${escaped(text.slice(0, at))}(?:[^${escaped(char)}][\\s\\S]*)?`);
  return branches.join('|');
}
