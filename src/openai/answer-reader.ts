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
}

/** The text as it is. */
export const PLAIN_ANSWER: AnswerStyle = { hasTools: false, callFinishReason: 'stop' };

/** Takes the text of one answer apart as it comes; the parts do not depend on where the text is cut. */
export interface AnswerReader {
  push(text: string): readonly AnswerPart[];
  /** What was held back. */
  end(): readonly AnswerPart[];
}

/** A reader for one choice of a request. */
export function openAnswer(_style: AnswerStyle): AnswerReader {
  return { push: (text) => (text === '' ? [] : [{ type: 'text', text }]), end: () => [] };
}
