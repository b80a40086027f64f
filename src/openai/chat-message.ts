import type { AnswerStyle } from './answer-reader.ts';
import type { ReadAnswer } from './read-answer.ts';

/** The `message` of a chat answer. Content is null where there are calls and no text beside them. */
export function chatMessage(answer: ReadAnswer, style: AnswerStyle, echoed: string): object {
  const { reasoning, calls } = answer;
  const text = echoed + answer.text;
  const called = calls.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(style.reasoning?.isShown ? { reasoning_content: reasoning || null, reasoning: reasoning || null } : {}),
    ...(called.length > 0
      ? style.asFunctionCall
        ? { function_call: called[0]?.function }
        : { tool_calls: called }
      : {}),
  };
}
