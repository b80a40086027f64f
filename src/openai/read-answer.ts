import type { FinishReason } from '../engine/engine.ts';
import { invariant } from '../errors.ts';
import { type AnswerStyle, openAnswer } from './answer-reader.ts';
import type { ChatToolCall } from './served-model.ts';

/** A whole answer, taken apart. */
export interface ReadAnswer {
  /** '' for none. */
  readonly reasoning: string;
  /** '' for none. */
  readonly text: string;
  readonly calls: readonly ChatToolCall[];
}

/** Takes the complete text of an answer apart, as a stream of it would be. */
export function readAnswer(style: AnswerStyle, raw: string): ReadAnswer {
  const reader = openAnswer(style);
  let reasoning = '';
  let text = '';
  const calls: { id: string; name: string; arguments: string }[] = [];
  for (const part of [...reader.push(raw), ...reader.end()]) {
    if (part.type === 'reasoning') reasoning += part.text;
    else if (part.type === 'text') text += part.text;
    else if (part.type === 'toolCall') calls[part.index] = { id: part.id, name: part.name, arguments: '' };
    else {
      const call = calls[part.index];
      invariant(call !== undefined, 'arguments without a call');
      call.arguments += part.text;
    }
  }
  return { reasoning, text, calls };
}

/** OpenAI's finish_reason of an answer with this many calls. An answer that was cut off says so whatever it holds. */
export function chatFinishReason(
  style: AnswerStyle,
  reason: FinishReason,
  numCalls: number,
): FinishReason | 'tool_calls' | 'function_call' {
  if (numCalls === 0 || reason !== 'stop' || style.callFinishReason === 'stop') return reason;
  return style.asFunctionCall ? 'function_call' : 'tool_calls';
}
