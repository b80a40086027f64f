import type { ChatMessage } from './chat-message.ts';
import { toMessage } from './chat-message.ts';
import { type ChatTurn, describeTool, type ToolDefinition } from './conversation.ts';

/** Tools as templates expect them in the variable `tools`: OpenAI's form. */
export function templateTools(tools: readonly ToolDefinition[]): object[] {
  return tools.map((tool) => ({ type: 'function', function: describeTool(tool) }));
}

/** Calls and results in the fields of OpenAI's messages, for a template that prints them itself. */
export function layOutTemplateTools(turns: readonly ChatTurn[]): ChatMessage[] {
  return turns.map((turn): ChatMessage => {
    if (turn.role === 'tool') return { role: 'tool', content: turn.content, tool_call_id: turn.toolCallId };
    if (turn.role !== 'assistant' || !turn.toolCalls?.length) return toMessage(turn);
    return {
      ...toMessage(turn),
      content: turn.content === '' ? null : turn.content,
      tool_calls: turn.toolCalls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: toObject(call.arguments) },
      })),
    };
  });
}

/** Templates get the arguments as an object, as in transformers and vLLM; text that is not one is passed on as it is. */
function toObject(json: string): unknown {
  if (json.trim() === '') return {};
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
