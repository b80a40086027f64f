import type { ToolFormat } from '../text/conversation.ts';
import { JsonToolReader } from './json-tool-reader.ts';
import { MarkToolReader } from './mark-tool-reader.ts';
import { ReasoningReader } from './reasoning-reader.ts';

/** A piece of an assistant's answer, in order. */
export type AnswerPart =
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'text'; readonly text: string }
  /** A tool call begins; its arguments follow. `index` counts the calls of this answer from 0. */
  | { readonly type: 'toolCall'; readonly index: number; readonly id: string; readonly name: string }
  /** More of the JSON text of a call's arguments. */
  | { readonly type: 'toolArguments'; readonly index: number; readonly text: string };

/** How the raw text of an answer is to be taken apart. */
export interface AnswerStyle {
  /** Whether answers may hold tool calls. */
  readonly hasTools: boolean;
  /** finish_reason of an answer that ends with calls: OpenAI's `tool_calls`, and `stop` where tool_choice named the tool. */
  readonly callFinishReason: 'tool_calls' | 'stop';
  readonly toolFormat: ToolFormat;
  /** The tools that may be called; JSON that names none of them is text. */
  readonly toolNames: readonly string[];
  /** Further calls of one answer are left out. */
  readonly maxCalls: number;
  /** JSON calls stand at the very beginning and are spelt exactly as asked for: a grammar saw to it. Other JSON is text. */
  readonly isExact: boolean;
  /** The call is shown as `function_call`, OpenAI's form before there were tools. */
  readonly asFunctionCall: boolean;
  /** Null: reasoning is not set apart. */
  readonly reasoning: ReasoningStyle | null;
}

export interface ReasoningStyle {
  /** The prompt has begun the reasoning, so the answer has only its end. */
  readonly isOpen: boolean;
  /** False: reasoning is left out (include_reasoning). */
  readonly isShown: boolean;
}

/** The text as it is. */
export const PLAIN_ANSWER: AnswerStyle = {
  hasTools: false,
  callFinishReason: 'stop',
  toolFormat: 'json',
  toolNames: [],
  maxCalls: 0,
  isExact: false,
  asFunctionCall: false,
  reasoning: null,
};

/** Takes the text of one answer apart as it comes; the parts do not depend on where the text is cut. */
export interface AnswerReader {
  push(text: string): readonly AnswerPart[];
  /** What was held back. */
  end(): readonly AnswerPart[];
}

/** A reader for one choice of a request. */
export function openAnswer(style: AnswerStyle): AnswerReader {
  const reader = style.hasTools ? openTools(style) : plainReader;
  return style.reasoning === null ? reader : new ReasoningReader(style.reasoning, reader);
}

const plainReader: AnswerReader = { push: (text) => (text === '' ? [] : [{ type: 'text', text }]), end: () => [] };

function openTools(style: AnswerStyle): AnswerReader {
  return style.toolFormat === 'deepseek'
    ? new MarkToolReader(style.maxCalls)
    : new JsonToolReader(style.toolNames, style.maxCalls, style.isExact);
}
