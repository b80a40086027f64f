import { z } from 'zod';
import { invalidRequest } from '../../errors.ts';
import { toJsonText } from '../json-text.ts';
import type { ToolChoice, ToolDefinition } from '../served-model.ts';
import { toWellFormedText } from '../well-formed.ts';

const MAX_TOOLS = 1_000;
const MAX_EXAMPLES = 100;

const jsonObject = z.record(z.string(), z.unknown());
const onlyDirect = 'is not supported by this server: tools are called by the model directly';

const toolParam = z.object({
  type: z
    .literal('custom', {
      error: 'must be "custom" or absent: tools that Anthropic defines or runs are not supported by this server',
    })
    .nullish(),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/, 'must be 1 to 128 letters, digits or any of _ -'),
  description: z.string().transform(toWellFormedText).nullish(),
  input_schema: jsonObject.refine((schema) => schema['type'] === 'object', {
    error: 'must be a JSON Schema with type: "object"',
  }),
  input_examples: z.array(jsonObject).max(MAX_EXAMPLES).nullish(),
  strict: z.boolean().nullish(),
  defer_loading: z.literal(false, 'is not supported by this server: there is no tool search').nullish(),
  allowed_callers: z.array(z.literal('direct', onlyDirect)).nullish(),
});

/** `tools`, checked one by one up to the first fault. */
export const toolParams = z.array(z.unknown()).max(MAX_TOOLS).pipe(z.array(toolParam));

const parallel = { disable_parallel_tool_use: z.boolean().nullish() };

/** `tool_choice`. */
export const toolChoiceParam = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('auto'), ...parallel }),
    z.object({ type: z.literal('any'), ...parallel }),
    z.object({ type: z.literal('tool'), name: z.string(), ...parallel }),
    z.object({ type: z.literal('none') }),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? 'must be one of "auto", "any", "tool", "none"'
        : 'must be an object with a type: "auto", "any", "tool" or "none"',
  },
);

/** What a request says about tools. */
export interface ToolSettings {
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
}

/**
 * Anthropic's tools and tool_choice to the ones of a chat.
 * @throws ApiError 400 for two tools of one name, and for a choice that cannot be made
 */
export function readTools(
  params: z.output<typeof toolParams>,
  choice: z.output<typeof toolChoiceParam> | null,
): ToolSettings {
  const names = new Set<string>();
  const tools = params.map((tool, index): ToolDefinition => {
    const param = `tools.${index}.name`;
    if (names.has(tool.name)) throw invalidRequest(param, `Invalid '${param}': tool names must be unique.`);
    names.add(tool.name);
    toJsonText(tool.input_schema, `tools.${index}.input_schema`);
    return {
      name: tool.name,
      description: describe(tool, index),
      parameters: tool.input_schema,
      strict: tool.strict ?? false,
    };
  });
  const isParallel = choice === null || choice.type === 'none' || choice.disable_parallel_tool_use !== true;
  return { tools, toolChoice: toToolChoice(choice, names), parallelToolCalls: isParallel };
}

/** Examples of inputs are shown to the model with the description. */
function describe(tool: z.output<typeof toolParam>, index: number): string | null {
  const examples = (tool.input_examples ?? []).map((example, e) =>
    toJsonText(example, `tools.${index}.input_examples.${e}`),
  );
  if (examples.length === 0) return tool.description ?? null;
  return [tool.description ?? '', `Examples of inputs:\n${examples.join('\n')}`].join('\n\n').trimStart();
}

function toToolChoice(choice: z.output<typeof toolChoiceParam> | null, names: ReadonlySet<string>): ToolChoice {
  if (choice?.type === 'none') return 'none';
  if (choice === null || choice.type === 'auto') return names.size > 0 ? 'auto' : 'none';
  if (names.size === 0) {
    throw invalidRequest('tool_choice', `Invalid 'tool_choice': type "${choice.type}" needs tools.`);
  }
  if (choice.type === 'any') return 'required';
  if (names.has(choice.name)) return { name: choice.name };
  throw invalidRequest('tool_choice.name', "Invalid 'tool_choice.name': no tool has this name.");
}
