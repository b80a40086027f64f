import { z } from 'zod';
import { toWellFormedText } from '../well-formed.ts';

const MAX_BLOCKS = 1_000;

const text = z.string().transform(toWellFormedText);
const name = z.string().min(1, 'must not be empty').max(256).transform(toWellFormedText);
const textBlock = z.object({ type: z.literal('text'), text });
const toolUseBlock = z.object({
  type: z.literal('tool_use'),
  id: name,
  name: name,
  input: z.record(z.string(), z.unknown()),
});
/** Earlier thinking is no part of the prompt, as DeepSeek documents for reasoning_content. */
const thinkingBlock = z.object({ type: z.literal('thinking') });
const redactedThinkingBlock = z.object({ type: z.literal('redacted_thinking') });

/** What a block's `type` may be, in the words of the error. */
function blockError(accepted: string) {
  return (issue: { readonly code: string; readonly input: unknown }): string => {
    if (issue.code !== 'invalid_union') return `must be an object with a type: ${accepted}`;
    const { type } = issue.input as { type?: unknown };
    return typeof type === 'string' && /^[a-z_]{1,60}$/.test(type)
      ? `"${type}" blocks are not supported here by this server; must be one of ${accepted}`
      : `must be one of ${accepted}`;
  };
}

/** An array checked block by block once its length is known to be sane. */
function blocks<Block extends z.ZodType>(block: Block, atLeast: 0 | 1) {
  return z.array(z.unknown()).min(atLeast).max(MAX_BLOCKS).pipe(z.array(block));
}

const textOrBlocks = { error: 'must be a string or an array of content blocks' };
const onlyText = z.discriminatedUnion('type', [textBlock], { error: blockError('"text"') });
const textBlocks = z.union([text, blocks(onlyText, 0)], textOrBlocks);

const toolResultBlock = z.object({
  type: z.literal('tool_result'),
  tool_use_id: text,
  content: textBlocks.nullish(),
  is_error: z.boolean().nullish(),
});
const userBlock = z.discriminatedUnion('type', [textBlock, toolResultBlock], {
  error: blockError('"text", "tool_result"'),
});
const assistantBlock = z.discriminatedUnion('type', [textBlock, toolUseBlock, thinkingBlock, redactedThinkingBlock], {
  error: blockError('"text", "tool_use", "thinking", "redacted_thinking"'),
});

/** `system`, and the content of a message of that role. */
export const systemContent = textBlocks;

/** One entry of `messages`. An assistant's may be empty: so is the answer of a model that had nothing to say. */
export const messageParam = z.discriminatedUnion(
  'role',
  [
    z.object({ role: z.literal('system'), content: systemContent }),
    z.object({ role: z.literal('user'), content: z.union([text, blocks(userBlock, 1)], textOrBlocks) }),
    z.object({ role: z.literal('assistant'), content: z.union([text, blocks(assistantBlock, 0)], textOrBlocks) }),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? 'must be one of "user", "assistant", "system"'
        : 'must be an object with role and content',
  },
);

/** A checked message. */
export type MessageParam = z.output<typeof messageParam>;

/** The texts of a content that holds nothing else. */
export function textsOf(content: z.output<typeof textBlocks>): string[] {
  return typeof content === 'string' ? [content] : content.map((block) => block.text);
}
