import type { ChatMessage } from './chat-message.ts';
import { toMessage } from './chat-message.ts';
import type { ChatTurn, ToolDefinition, ToolFormat } from './conversation.ts';
import { describeDeepseekTools, layOutDeepseekTools } from './deepseek-tools.ts';
import { describeJsonTools, layOutJsonTools } from './json-tools.ts';
import { layOutTemplateTools } from './template-tools.ts';

/** Who writes tools into the prompt: the template, where it knows them, or this folder in one of the two formats. */
export type ToolWriter = ToolFormat | 'template';

export interface LayOutOptions {
  /** Described to the model. */
  readonly tools: readonly ToolDefinition[];
  readonly writer: ToolWriter;
  readonly eosToken: string;
}

/** A conversation in the messages that a template renders. */
export interface LaidOutChat {
  readonly messages: readonly ChatMessage[];
  /** The last message is unfinished: the model goes on in it. */
  readonly isOpen: boolean;
}

/**
 * Brings tools, calls and results into a form that survives the template: DeepSeek's own templates ignore `tools`, and
 * lose calls and results (V2) or leave them unclosed (V2.5). A conversation without tools stays as it is. What a round
 * adds comes after what the rounds before it rendered to, so that their cached prefix serves it.
 */
export function layOutChat(turns: readonly ChatTurn[], { tools, writer, eosToken }: LayOutOptions): LaidOutChat {
  if (writer === 'template') return { messages: layOutTemplateTools(turns), isOpen: false };
  const isPlain = turns.every((turn) => turn.role !== 'tool' && !(turn.role === 'assistant' && turn.toolCalls?.length));
  if (isPlain && tools.length === 0) {
    return { messages: turns.flatMap((turn) => (turn.role === 'tool' ? [] : [toMessage(turn)])), isOpen: false };
  }
  const described = withTools(turns, tools, writer);
  if (writer === 'deepseek') return layOutDeepseekTools(described, eosToken);
  return { messages: layOutJsonTools(described), isOpen: false };
}

/** The description of the tools at the end of the system message, or as one where there is none. */
function withTools(turns: readonly ChatTurn[], tools: readonly ToolDefinition[], format: ToolFormat): ChatTurn[] {
  if (tools.length === 0) return [...turns];
  const description = format === 'deepseek' ? describeDeepseekTools(tools) : describeJsonTools(tools);
  const [first, ...rest] = turns;
  if (first?.role !== 'system') return [{ role: 'system', content: description }, ...turns];
  return [{ ...first, content: first.content === '' ? description : `${first.content}\n\n${description}` }, ...rest];
}
