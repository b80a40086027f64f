import { z } from 'zod';
import { firstFault } from './schema-issue.ts';
import type { ChatTurn } from './served-model.ts';
import { toWellFormedText } from './well-formed.ts';

const MAX_MESSAGES = 10_000;
const MAX_PARTS = 1_000;

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

const noToolCalls = 'tool calls in messages are not supported yet by this server';
const name = z.string().nullish();

const message = z.discriminatedUnion(
  'role',
  [
    z.object({ role: z.literal('system'), content, name }),
    z.object({ role: z.literal('developer'), content, name }),
    z.object({ role: z.literal('user'), content, name }),
    z.object({
      role: z.literal('assistant'),
      content: content.nullish(),
      name,
      tool_calls: z.array(z.unknown()).max(0, noToolCalls).nullish(),
      function_call: z.null(noToolCalls).optional(),
      audio: z.null('audio is not supported by this server').optional(),
    }),
  ],
  {
    error: (issue) => {
      if (issue.code !== 'invalid_union') return 'must be an object with role and content';
      const { role } = issue.input as { role?: unknown };
      return role === 'tool' || role === 'function'
        ? `messages of role "${role}" are not supported yet by this server`
        : 'must be one of "system", "developer", "user", "assistant"';
    },
  },
);

/**
 * The conversation, checked message by message up to the first fault (a long list of bad ones costs nothing).
 * A developer message is a system message under OpenAI's newer name.
 */
export const messagesSchema = z
  .array(z.unknown())
  .min(1)
  .max(MAX_MESSAGES)
  .transform((list, context): ChatTurn[] => {
    const turns: ChatTurn[] = [];
    for (const [index, item] of list.entries()) {
      const result = message.safeParse(item);
      if (!result.success) {
        const fault = firstFault(result.error.issues);
        context.issues.push({ code: 'custom', message: fault.message, path: [index, ...fault.path], input: item });
        return z.NEVER;
      }
      const { role, content } = result.data;
      turns.push({ role: role === 'developer' ? 'system' : role, content: content ?? '' });
    }
    return turns;
  });
