import type { ChatMessage } from './chat-message.ts';
import { toMessage } from './chat-message.ts';
import { type ChatTurn, describeTool, type ToolDefinition } from './conversation.ts';
import { respaceJson, spacedJson } from './json-spacing.ts';

/** The part of the system prompt that offers tools to a model without a syntax of its own for them. */
export function describeJsonTools(tools: readonly ToolDefinition[]): string {
  const lines = tools.map((tool) => spacedJson(describeTool(tool)));
  return [
    'You have access to these tools:',
    ...lines,
    'To call a tool, answer only with JSON: {"name": ..., "arguments": {...}}',
  ].join('\n');
}

/** A call as the model is told to write it; several of them stand on a line each. */
export function jsonCall(name: string, args: string): string {
  return `{"name": ${JSON.stringify(name)}, "arguments": ${args.trim() === '' ? '{}' : respaceJson(args)}}`;
}

/** Calls become the JSON that the model wrote, results a user's message. */
export function layOutJsonTools(turns: readonly ChatTurn[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  const names = new Map<string, string>();
  let results: string[] = [];
  for (const [index, turn] of turns.entries()) {
    if (turn.role === 'tool') {
      const name = names.get(turn.toolCallId);
      results.push(`Tool result${name === undefined ? '' : ` (${name})`}: ${turn.content}`);
      if (turns[index + 1]?.role === 'tool') continue;
      messages.push({ role: 'user', content: results.join('\n') });
      results = [];
      continue;
    }
    if (turn.role !== 'assistant' || turn.toolCalls === undefined || turn.toolCalls.length === 0) {
      messages.push(toMessage(turn));
      continue;
    }
    for (const call of turn.toolCalls) names.set(call.id, call.name);
    const calls = turn.toolCalls.map((call) => jsonCall(call.name, call.arguments));
    messages.push({
      ...toMessage(turn),
      content: [...(turn.content === '' ? [] : [turn.content]), ...calls].join('\n'),
    });
  }
  return messages;
}
