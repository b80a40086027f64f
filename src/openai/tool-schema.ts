import { z } from 'zod';
import { toWellFormedText } from './well-formed.ts';

const MAX_TOOLS = 1024;

/** OpenAI's rule for names of functions. */
export const functionName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, underscores or dashes');

/** OpenAI's description of a function, but for its name, whose length differs from endpoint to endpoint. */
export const functionFields = {
  description: z.string().transform(toWellFormedText).nullish(),
  parameters: z
    .record(z.string(), z.unknown(), { error: 'must be an object, a JSON Schema' })
    .refine((schema) => schema['type'] === undefined || schema['type'] === 'object', {
      error: 'must be "object": the arguments are an object',
      path: ['type'],
    })
    .nullish(),
  strict: z.boolean().nullish(),
};

const functionSchema = z.object({ name: functionName, ...functionFields });

/** An entry of `tools`. */
const toolSchema = z.object({
  type: z.literal('function', 'must be "function": this server has no other kind of tools'),
  function: functionSchema,
});

const toolName = z.object({ type: z.literal('function').nullish(), function: z.object({ name: functionName }) });

const list = <Schema extends z.ZodType>(schema: Schema) =>
  z.array(z.unknown()).max(MAX_TOOLS).pipe(z.array(schema)).nullish();

/** tool_choice in all of OpenAI's forms. */
const toolChoice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.object({ type: z.literal('function'), function: z.object({ name: functionName }) }),
    z.object({
      type: z.literal('allowed_tools'),
      allowed_tools: z.object({
        mode: z.enum(['auto', 'required']),
        tools: z.array(z.unknown()).min(1).max(MAX_TOOLS).pipe(z.array(toolName)),
      }),
    }),
  ],
  {
    error:
      'must be "none", "auto", "required", {"type": "function", "function": {"name": …}} or {"type": "allowed_tools", …}',
  },
);

/** Fields about tools, the old ones of functions among them. */
export const toolShape = {
  tools: list(toolSchema),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  functions: list(functionSchema),
  function_call: z
    .union([z.enum(['none', 'auto']), z.object({ name: functionName })], {
      error: 'must be "none", "auto" or {"name": …}',
    })
    .nullish(),
};

const toolFields = z.object(toolShape);
export type ToolFields = z.output<typeof toolFields>;
export type FunctionFields = z.output<typeof functionSchema>;
