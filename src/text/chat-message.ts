import type { ChatTurn } from './conversation.ts';

/** Part of a content: text of the conversation, in which special tokens mean nothing, or a mark of ours, in which they do. */
export type ContentPiece = string | { readonly mark: string };

/** One turn of a conversation as the template sees it; further fields (`name`, `tool_calls`, …) reach it as they are. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: string | null | readonly ContentPiece[];
  readonly [field: string]: unknown;
}

/** A turn without its calls. */
export function toMessage(turn: Exclude<ChatTurn, { role: 'tool' }>): ChatMessage {
  return { role: turn.role, content: turn.content, ...(turn.name === undefined ? {} : { name: turn.name }) };
}
