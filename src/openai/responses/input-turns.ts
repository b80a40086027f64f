import { invalidRequest } from '../../errors.ts';
import type { ChatToolCall, ChatTurn } from '../served-model.ts';
import type { InputItem } from './input-items.ts';

/** A conversation as the prompt shows it. */
export interface InputTurns {
  readonly turns: readonly ChatTurn[];
  /** The last turn is an unfinished answer (status in_progress or incomplete) that the model goes on with, as in vLLM. */
  readonly continuesFinalMessage: boolean;
}

interface AssistantTurn {
  readonly role: 'assistant';
  readonly content: string;
  readonly toolCalls: ChatToolCall[];
}

/**
 * Instructions and input to turns: function calls join the answer before them, reasoning is left out of the prompt,
 * developer messages are system messages under OpenAI's newer name.
 * @throws ApiError 400 naming the call without an output, or the output without a call
 */
export function toTurns(instructions: string | null, input: string | readonly InputItem[]): InputTurns {
  const turns: (Exclude<ChatTurn, { role: 'assistant' }> | AssistantTurn)[] = [];
  if (instructions !== null && instructions !== '') turns.push({ role: 'system', content: instructions });
  if (typeof input === 'string') {
    turns.push({ role: 'user', content: input });
    return { turns, continuesFinalMessage: false };
  }
  checkCalls(input);
  for (const item of input) {
    if (item.type === 'message') {
      if (item.role === 'assistant') turns.push({ role: 'assistant', content: item.content, toolCalls: [] });
      else turns.push({ role: item.role === 'user' ? 'user' : 'system', content: item.content });
    } else if (item.type === 'function_call') {
      const call = { id: item.call_id, name: item.name, arguments: item.arguments };
      const last = turns.at(-1);
      if (last?.role === 'assistant') last.toolCalls.push(call);
      else turns.push({ role: 'assistant', content: '', toolCalls: [call] });
    } else if (item.type === 'function_call_output') {
      turns.push({ role: 'tool', content: item.output, toolCallId: item.call_id });
    }
  }
  const last = input.at(-1);
  const isOpen = last?.type === 'message' && last.role === 'assistant' && last.content !== '';
  return {
    turns: turns.map((turn) => (turn.role === 'assistant' && turn.toolCalls.length === 0 ? withoutCalls(turn) : turn)),
    continuesFinalMessage: isOpen && (last.status === 'in_progress' || last.status === 'incomplete'),
  };
}

function withoutCalls({ role, content }: AssistantTurn): ChatTurn {
  return { role, content };
}

/** Every output follows its call, every call has one output. */
function checkCalls(items: readonly InputItem[]): void {
  const open = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const param = `input.${index}.call_id`;
    if (item.type === 'function_call') {
      if (open.has(item.call_id)) throw fault(param, 'another function call before it has the same call_id');
      open.set(item.call_id, index);
    } else if (item.type === 'function_call_output' && !open.delete(item.call_id)) {
      throw fault(param, `no tool call found for function call output with call_id ${quote(item.call_id)}`);
    }
  }
  for (const [id, index] of open) {
    throw fault(`input.${index}.call_id`, `no tool output found for function call ${quote(id)}`);
  }
}

function fault(param: string, message: string) {
  return invalidRequest(param, `Invalid '${param}': ${message}.`);
}

function quote(id: string): string {
  return JSON.stringify(id.slice(0, 100));
}
