import { z } from 'zod';
import { invalidRequest } from '../../errors.ts';
import { toJsonText } from '../json-text.ts';
import type { ToolChoice, ToolDefinition } from '../served-model.ts';
import { functionFields } from '../tool-schema.ts';
import type { FunctionToolObject, ToolChoiceObject } from './response-object.ts';

const MAX_TOOLS = 1_000;

const toolName = z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/, 'must be 1 to 128 letters, digits or any of _ -');

const functionTool = z.object({
  type: z.literal('function', {
    error: ({ input }) =>
      typeof input === 'string' && /^[a-z0-9_]{1,60}$/.test(input)
        ? `"${input}" tools are not supported by this server; must be "function"`
        : 'must be "function"',
  }),
  name: toolName,
  ...functionFields,
  defer_loading: z.literal(false, 'is not supported by this server: there is no tool search').nullish(),
});

/** `tools`, checked one by one up to the first fault. */
export const functionTools = z.array(z.unknown()).max(MAX_TOOLS).pipe(z.array(functionTool));

const namedFunction = z.object({ type: z.literal('function', 'must be "function"'), name: z.string() });
const allowedTools = z.object({
  type: z.literal('allowed_tools'),
  mode: z.enum(['auto', 'required'], 'must be "auto" or "required"'),
  tools: z.array(z.unknown()).min(1).max(MAX_TOOLS).pipe(z.array(namedFunction)),
});
const choiceMode = z.enum(['none', 'auto', 'required']);
const choiceObject = z.discriminatedUnion('type', [namedFunction, allowedTools], {
  error: 'must be "function" or "allowed_tools": tools that OpenAI runs are not supported by this server',
});

/** `tool_choice`. */
export const toolChoiceField = z.union([choiceMode, choiceObject], {
  error: 'must be "none", "auto", "required" or an object that names a function',
});

/** What a request says about tools. */
export interface ToolSettings {
  /** Those that the model may call: where tool_choice allows some only, it is told about no others. */
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  /** The field that holds the parameters of a tool of `tools`, for errors. */
  readonly toolParam: (index: number) => string;
  /** As the answer repeats them. */
  readonly toolObjects: readonly FunctionToolObject[];
  readonly toolChoiceObject: ToolChoiceObject;
}

/**
 * Tools and tool_choice to the ones of a chat.
 * @throws ApiError 400 for two tools of one name, and for a choice that cannot be made
 */
export function readTools(
  given: z.output<typeof functionTools>,
  choice: z.output<typeof toolChoiceField> | null,
): ToolSettings {
  const names = new Set<string>();
  for (const [index, tool] of given.entries()) {
    if (names.has(tool.name)) throw fault(`tools.${index}.name`, 'tool names must be unique');
    names.add(tool.name);
    toJsonText(tool.parameters ?? null, `tools.${index}.parameters`);
  }
  const allowed = allowedNames(choice, names);
  const tools = given
    .filter((tool) => allowed.has(tool.name))
    .map(({ name, description, parameters, strict }) => ({
      name,
      description: description ?? null,
      parameters: parameters ?? null,
      strict: strict ?? false,
    }));
  return {
    tools,
    toolChoice: toToolChoice(choice, names.size > 0),
    toolParam: (index) => `tools.${given.findIndex(({ name }) => name === tools[index]?.name)}.parameters`,
    toolObjects: given.map(toToolObject),
    toolChoiceObject: choice ?? 'auto',
  };
}

function toToolObject({ name, description, parameters, strict }: z.output<typeof functionTool>): FunctionToolObject {
  return {
    type: 'function',
    name,
    description: description ?? null,
    parameters: parameters ?? null,
    strict: strict ?? false,
  };
}

function allowedNames(
  choice: z.output<typeof toolChoiceField> | null,
  names: ReadonlySet<string>,
): ReadonlySet<string> {
  if (choice === null || typeof choice === 'string') return names;
  if (choice.type === 'function') {
    checkName(choice.name, names, 'tool_choice.name');
    return names;
  }
  for (const [index, { name }] of choice.tools.entries()) checkName(name, names, `tool_choice.tools.${index}.name`);
  return new Set(choice.tools.map(({ name }) => name));
}

function checkName(name: string, names: ReadonlySet<string>, param: string): void {
  if (!names.has(name)) throw fault(param, 'no tool has this name');
}

function toToolChoice(choice: z.output<typeof toolChoiceField> | null, hasTools: boolean): ToolChoice {
  if (choice === 'none') return 'none';
  if (choice === null || choice === 'auto') return hasTools ? 'auto' : 'none';
  if (choice === 'required') {
    if (!hasTools) throw fault('tool_choice', '"required" needs tools');
    return 'required';
  }
  return choice.type === 'function' ? { name: choice.name } : choice.mode;
}

function fault(param: string, message: string) {
  return invalidRequest(param, `Invalid '${param}': ${message}.`);
}
