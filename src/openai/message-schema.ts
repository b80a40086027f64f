import { z } from 'zod';
import { firstFault } from './schema-issue.ts';
import type { ChatTurn } from './served-model.ts';
import { toWellFormedText } from './well-formed.ts';

const MAX_MESSAGES = 10_000;
const MAX_PARTS = 1_000;
/** Calls of one answer. */
const MAX_CALLS = 1_000;

const text = z.string().transform(toWellFormedText);

const textPart = z.object({
  type: z.literal('text', 'must be "text": only text parts are supported'),
  text,
});

/** Parts are joined by a newline, as in vLLM. */
const content = z
  .union([text, z.array(z.unknown()).min(1).max(MAX_PARTS).pipe(z.array(textPart))], {
    error: 'must be a string or an array of text parts',
  })
  .transform((value) => (typeof value === 'string' ? value : value.map((part) => part.text).join('\n')));

/** What an assistant declined to say is what it said. */
const assistantPart = z.union([
  textPart,
  z.object({ type: z.literal('refusal'), refusal: text }).transform(({ refusal }) => ({ type: 'text', text: refusal })),
]);
const assistantContent = z
  .union([text, z.array(z.unknown()).min(1).max(MAX_PARTS).pipe(z.array(assistantPart))], {
    error: 'must be a string or an array of text parts',
  })
  .transform((value) => (typeof value === 'string' ? value : value.map((part) => part.text).join('\n')));

const name = text.nullish();

/** JSON text, as OpenAI has it; the object itself, as other APIs have it, is accepted too. */
const callArguments = z
  .union([text, z.record(z.string(), z.unknown())], { error: 'must be a string' })
  .transform((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
const calledFunction = z.object({ name: text, arguments: callArguments.nullish() });
const toolCall = z.object({
  id: text,
  type: z.literal('function', 'must be "function": this server has no other kind of tools').nullish(),
  function: calledFunction,
});

const message = z.discriminatedUnion(
  'role',
  [
    z.object({ role: z.literal('system'), content, name }),
    z.object({ role: z.literal('developer'), content, name }),
    z.object({ role: z.literal('user'), content, name }),
    z.object({
      role: z.literal('assistant'),
      content: assistantContent.nullish(),
      name,
      tool_calls: z.array(z.unknown()).max(MAX_CALLS).pipe(z.array(toolCall)).nullish(),
      function_call: calledFunction.nullish(),
      prefix: z.boolean().nullish(),
      audio: z.null('audio is not supported by this server').optional(),
    }),
    z.object({ role: z.literal('tool'), content, tool_call_id: text }),
    z.object({ role: z.literal('function'), content: content.nullish(), name: text }),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? 'must be one of "system", "developer", "user", "assistant", "tool", "function"'
        : 'must be an object with role and content',
  },
);
type Message = z.output<typeof message>;

/** Calls and results of the old `function_call` have no ids: the name ties them together. */
const functionCallId = (functionName: string): string => `function:${functionName}`;

function toTurn(given: Message): ChatTurn {
  if (given.role === 'tool') return { role: 'tool', content: given.content, toolCallId: given.tool_call_id };
  if (given.role === 'function') {
    return { role: 'tool', content: given.content ?? '', toolCallId: functionCallId(given.name) };
  }
  const named = given.name == null ? {} : { name: given.name };
  if (given.role !== 'assistant') {
    return { role: given.role === 'developer' ? 'system' : given.role, content: given.content, ...named };
  }
  const old = given.function_call;
  const calls = [
    ...(given.tool_calls ?? []),
    ...(old == null ? [] : [{ id: functionCallId(old.name), function: old }]),
  ];
  const toolCalls = calls.map((call) => ({
    id: call.id,
    name: call.function.name,
    arguments: call.function.arguments ?? '',
  }));
  return { role: 'assistant', content: given.content ?? '', ...named, ...(toolCalls.length > 0 ? { toolCalls } : {}) };
}

/** A conversation, and whether its last turn is the beginning of the answer (DeepSeek's `prefix: true`). */
export interface Conversation {
  readonly turns: readonly ChatTurn[];
  readonly isPrefix: boolean;
}

/**
 * The conversation, checked message by message up to the first fault (a long list of bad ones costs nothing).
 * A developer message is a system message under OpenAI's newer name.
 */
export const messagesSchema = z
  .array(z.unknown())
  .min(1)
  .max(MAX_MESSAGES)
  .transform((list, context): Conversation => {
    const fail = (error: string, path: PropertyKey[], input: unknown): never => {
      context.issues.push({ code: 'custom', message: error, path, input });
      return z.NEVER;
    };
    const turns: ChatTurn[] = [];
    let isPrefix = false;
    for (const [index, item] of list.entries()) {
      const result = message.safeParse(item);
      if (!result.success) {
        const fault = firstFault(result.error.issues);
        return fail(fault.message, [index, ...fault.path], item);
      }
      if (result.data.role === 'assistant' && result.data.prefix === true) {
        if (index < list.length - 1) return fail('is only allowed in the last message', [index, 'prefix'], item);
        isPrefix = true;
      }
      turns.push(toTurn(result.data));
    }
    return { turns, isPrefix };
  });
