import { invalidRequest } from '../errors.ts';
import type { ToolChoice, ToolDefinition } from './served-model.ts';
import type { FunctionFields, ToolFields } from './tool-schema.ts';

/** What a request says about tools. */
export interface RequestTools {
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  /** The request used `functions`, so the answer has function_call. */
  readonly asFunctionCall: boolean;
  /** The field that holds the parameters of a tool, for errors. */
  readonly toolParam: (index: number) => string;
}

/**
 * The tools of a chat request and which of them may be called.
 * @throws ApiError 400 when names are not unique, or tool_choice asks for what tools does not have
 */
export function readTools(fields: ToolFields): RequestTools {
  const isLegacy = fields.functions != null && fields.functions.length > 0;
  if (isLegacy && fields.tools != null && fields.tools.length > 0) {
    throw invalidRequest('functions', "Invalid 'functions': send tools or functions, not both.");
  }
  const given = isLegacy ? (fields.functions ?? []) : (fields.tools ?? []).map((tool) => tool.function);
  const nameParam = (index: number) => (isLegacy ? `functions.${index}.name` : `tools.${index}.function.name`);
  checkUnique(given, nameParam);
  const all = given.map(toDefinition);
  const choiceParam = isLegacy ? 'function_call' : 'tool_choice';
  checkChoiceField(fields, isLegacy);
  const { tools, toolChoice } = isLegacy ? legacyChoice(fields, all) : choose(fields, all);
  if (typeof toolChoice === 'object') requireTool(toolChoice.name, all, choiceParam);
  return {
    tools,
    toolChoice,
    parallelToolCalls: isLegacy ? false : (fields.parallel_tool_calls ?? true),
    asFunctionCall: isLegacy,
    toolParam: (index) => {
      const at = given.findIndex(({ name }) => name === tools[index]?.name);
      return isLegacy ? `functions.${at}.parameters` : `tools.${at}.function.parameters`;
    },
  };
}

function toDefinition({ name, description, parameters, strict }: FunctionFields): ToolDefinition {
  return { name, description: description ?? null, parameters: parameters ?? null, strict: strict ?? false };
}

function checkUnique(functions: readonly FunctionFields[], param: (index: number) => string): void {
  const seen = new Set<string>();
  for (const [index, { name }] of functions.entries()) {
    if (seen.has(name)) {
      throw invalidRequest(param(index), `Invalid '${param(index)}': there is already a tool named '${name}'.`);
    }
    seen.add(name);
  }
}

/** The choice among tools has no meaning for functions, and the other way round. */
function checkChoiceField(fields: ToolFields, isLegacy: boolean): void {
  const wrong = isLegacy ? 'tool_choice' : 'function_call';
  const value = fields[wrong];
  if (value == null || value === 'none' || value === 'auto') return;
  const needed = isLegacy ? 'tools' : 'functions';
  throw invalidRequest(wrong, `Invalid '${wrong}': only allowed with '${needed}'.`);
}

function legacyChoice({ function_call }: ToolFields, tools: readonly ToolDefinition[]): ChosenTools {
  return { tools, toolChoice: function_call ?? 'auto' };
}

interface ChosenTools {
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
}

function choose({ tool_choice: choice }: ToolFields, tools: readonly ToolDefinition[]): ChosenTools {
  if (choice == null) return { tools, toolChoice: tools.length > 0 ? 'auto' : 'none' };
  if (choice === 'none' || choice === 'auto') return { tools, toolChoice: tools.length > 0 ? choice : 'none' };
  if (tools.length === 0) {
    throw invalidRequest('tool_choice', "Invalid 'tool_choice': only allowed when 'tools' are given.");
  }
  if (choice === 'required') return { tools, toolChoice: choice };
  if (choice.type === 'function') return { tools, toolChoice: { name: choice.function.name } };
  const { mode, tools: allowed } = choice.allowed_tools;
  for (const [index, { function: wanted }] of allowed.entries()) {
    requireTool(wanted.name, tools, `tool_choice.allowed_tools.tools.${index}.function.name`);
  }
  const names = new Set(allowed.map(({ function: { name } }) => name));
  return { tools: tools.filter(({ name }) => names.has(name)), toolChoice: mode };
}

function requireTool(name: string, tools: readonly ToolDefinition[], param: string): void {
  if (tools.some((tool) => tool.name === name)) return;
  throw invalidRequest(param, `Invalid '${param}': there is no tool named '${name}' in this request.`);
}
