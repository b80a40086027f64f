import { invalidRequest } from '../../errors.ts';
import { toJsonText } from '../json-text.ts';
import type { ChatToolCall, ChatTurn } from '../served-model.ts';
import { type MessageParam, textsOf } from './content-blocks.ts';

/** Claude Code puts a hash of each request in front of its system prompt; it says nothing to a model and would defeat prefix reuse. */
const BILLING_HEADER = 'x-anthropic-billing-header';

/** Neighbouring messages of one role, which are one turn (Anthropic's API reference, `messages`). */
interface Turn {
  readonly role: 'user' | 'assistant';
  /** Index of its first message, for errors. */
  readonly index: number;
  readonly texts: string[];
  readonly calls: ChatToolCall[];
  readonly results: { readonly id: string; readonly content: string; readonly param: string }[];
}

/** A conversation as the prompt shows it. */
export interface Conversation {
  readonly turns: readonly ChatTurn[];
  /** The last turn is the beginning of the answer ("prefill"). */
  readonly isPrefilled: boolean;
}

/**
 * Messages and system prompt to turns. System messages in front join the system prompt; later ones become text of the
 * user's turn, because templates know one system prompt only. Texts of one turn are joined by a newline, results of tools
 * come before the text beside them.
 * @throws ApiError 400 naming the message whose tool calls and results do not match, or a prefill that ends in white space
 */
export function toConversation(system: readonly string[], messages: readonly MessageParam[]): Conversation {
  const systemTexts = [...system];
  const turns: Turn[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === 'system' && turns.length === 0) systemTexts.push(...textsOf(message.content));
    else addMessage(turns, message, index);
  }
  checkToolPairs(turns);

  const last = turns.at(-1);
  const isPrefilled = last?.role === 'assistant' && textOf(last) !== '';
  if (isPrefilled) checkPrefill(last, messages.length - 1);
  // An assistant turn without text at the end begins nothing: the answer starts afresh.
  else if (last?.role === 'assistant') turns.pop();

  const systemPrompt = systemTexts.filter((text) => text !== '' && !text.startsWith(BILLING_HEADER)).join('\n');
  return {
    turns: [
      ...(systemPrompt === '' ? [] : [{ role: 'system', content: systemPrompt } as const]),
      ...turns.flatMap(toChatTurns),
    ],
    isPrefilled,
  };
}

function addMessage(turns: Turn[], message: MessageParam, index: number): void {
  const role = message.role === 'assistant' ? 'assistant' : 'user';
  let turn = turns.at(-1);
  if (turn?.role !== role) {
    turn = { role, index, texts: [], calls: [], results: [] };
    turns.push(turn);
  }
  if (typeof message.content === 'string') {
    turn.texts.push(message.content);
    return;
  }
  for (const [b, block] of message.content.entries()) {
    const path = `messages.${index}.content.${b}`;
    if (block.type === 'text') {
      turn.texts.push(block.text);
    } else if (block.type === 'tool_use') {
      turn.calls.push({ id: block.id, name: block.name, arguments: toJsonText(block.input, `${path}.input`) });
    } else if (block.type === 'tool_result') {
      const text = textsOf(block.content ?? '').join('\n');
      const content = block.is_error === true ? `Error: ${text}` : text;
      turn.results.push({ id: block.tool_use_id, content, param: `${path}.tool_use_id` });
    }
  }
}

/** Every call has its result in the next turn, and every result its call in the turn before. */
function checkToolPairs(turns: readonly Turn[]): void {
  for (const [t, turn] of turns.entries()) {
    const answered = new Set(turns[t + 1]?.results.map((result) => result.id));
    const unanswered = turn.calls.find((call) => !answered.has(call.id));
    if (unanswered !== undefined) {
      const param = `messages.${turn.index}`;
      const message = `Invalid '${param}': the tool_use block ${quote(unanswered.id)} has no tool_result block in the next message.`;
      throw invalidRequest(param, message);
    }
    const called = new Set(turns[t - 1]?.calls.map((call) => call.id));
    for (const { id, param } of turn.results) {
      if (called.delete(id)) continue;
      const message = `Invalid '${param}': ${quote(id)} is no tool_use block of the previous message, or has its result already.`;
      throw invalidRequest(param, message);
    }
  }
}

function checkPrefill(turn: Turn, lastIndex: number): void {
  if (!/\s$/.test(textOf(turn))) return;
  const param = `messages.${lastIndex}.content`;
  throw invalidRequest(param, `Invalid '${param}': final assistant content cannot end with trailing whitespace.`);
}

function toChatTurns(turn: Turn): ChatTurn[] {
  const content = textOf(turn);
  if (turn.role === 'assistant') {
    return [{ role: 'assistant', content, ...(turn.calls.length > 0 ? { toolCalls: turn.calls } : {}) }];
  }
  const results = turn.results.map(({ id, content }) => ({ role: 'tool', content, toolCallId: id }) as const);
  return content === '' && results.length > 0 ? results : [...results, { role: 'user', content }];
}

function textOf(turn: Turn): string {
  return turn.texts.filter((text) => text !== '').join('\n');
}

function quote(id: string): string {
  return JSON.stringify(id.slice(0, 100));
}
