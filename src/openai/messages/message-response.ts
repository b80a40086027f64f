import { invariant } from '../../errors.ts';
import { type AnswerPart, openAnswer } from '../answer-reader.ts';
import type { ChoiceOutcome } from '../choice-outcome.ts';
import { ReasoningTokens } from '../reasoning-tokens.ts';
import { message, messageEnd, messageUsage, toolUseId } from './message-parts.ts';
import type { MessagesPlan } from './parse-messages.ts';
import { parsePartialObject } from './partial-json.ts';

/** A block while its text is being gathered. */
interface OpenBlock {
  readonly begin: AnswerPart;
  text: string;
}

/** Anthropic's message of a request that did not stream. */
export function messageResponse(plan: MessagesPlan, outcomes: readonly ChoiceOutcome[]): object {
  const [outcome] = outcomes;
  invariant(outcome !== undefined, 'a message without an outcome');
  const reader = openAnswer(plan.answer);
  const blocks = gather([...reader.push(outcome.text), ...reader.end()]);
  const hasCalls = blocks.some((block) => block.begin.type === 'toolCall');
  const thinking = new ReasoningTokens(plan.text, plan.answer.reasoning);
  thinking.push(outcome.tokenIds);
  const thinkingTokens = plan.answer.reasoning === null ? null : thinking.count;
  const usage = messageUsage(outcome.start, outcome.finish.numCompletionTokens, thinkingTokens);
  return message(plan, blocks.map(toContentBlock), messageEnd(plan, outcome.finish, hasCalls), usage);
}

function gather(parts: readonly AnswerPart[]): OpenBlock[] {
  const blocks: OpenBlock[] = [];
  for (const part of parts) {
    if (part.type === 'toolCall') {
      blocks.push({ begin: part, text: '' });
      continue;
    }
    const last = blocks.at(-1);
    if (last !== undefined && (part.type === 'toolArguments' || last.begin.type === part.type)) last.text += part.text;
    else if (part.text !== '') blocks.push({ begin: part, text: part.text });
  }
  return blocks;
}

function toContentBlock({ begin, text }: OpenBlock): object {
  switch (begin.type) {
    case 'reasoning':
      return { type: 'thinking', thinking: text, signature: '' };
    case 'toolCall': {
      const input = parsePartialObject(text);
      return { type: 'tool_use', id: toolUseId(begin.id), name: begin.name, input, caller: { type: 'direct' } };
    }
    default:
      return { type: 'text', text, citations: null };
  }
}
