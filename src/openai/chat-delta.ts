import type { AnswerPart, AnswerStyle } from './answer-reader.ts';

/**
 * The `delta` of a chunk as OpenAI has it: a call's first one carries id, type and name, the later ones more of the
 * arguments. Reasoning goes by DeepSeek's name and by vLLM's.
 */
export function partDelta(part: AnswerPart, { asFunctionCall }: AnswerStyle): object {
  switch (part.type) {
    case 'text':
      return { content: part.text };
    case 'reasoning':
      return { reasoning_content: part.text, reasoning: part.text };
    case 'toolCall': {
      const called = { name: part.name, arguments: '' };
      if (asFunctionCall) return { function_call: called };
      return { tool_calls: [{ index: part.index, id: part.id, type: 'function', function: called }] };
    }
    case 'toolArguments': {
      const called = { arguments: part.text };
      return asFunctionCall ? { function_call: called } : { tool_calls: [{ index: part.index, function: called }] };
    }
  }
}
