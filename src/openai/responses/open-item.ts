import { randomUUID } from 'node:crypto';
import type { ItemStatus, OutputItem, OutputLogprob, OutputTextPart, ReasoningTextPart } from './response-object.ts';

/** An item of the output while it is being written. */
export interface OpenItem {
  readonly id: string;
  /** The call that it is; null for text and reasoning. */
  readonly call: { readonly id: string; readonly name: string } | null;
  readonly type: OutputItem['type'];
  text: string;
  readonly logprobs: OutputLogprob[];
}

const ID_PREFIX = { message: 'msg', reasoning: 'rs', function_call: 'fc' } as const;

/** An item with an id of its own, without content. */
export function openItem(type: OutputItem['type'], call: OpenItem['call'] = null): OpenItem {
  const id = `${ID_PREFIX[type]}_${randomUUID().replaceAll('-', '')}`;
  return { id, type, call, text: '', logprobs: [] };
}

/** Its only part of content. */
export function toPart(item: OpenItem): OutputTextPart | ReasoningTextPart {
  return item.type === 'reasoning' ? toReasoningPart(item) : toTextPart(item);
}

/** The item as the wire shows it; one that is in progress and has no text yet has no part either. */
export function toOutputItem(item: OpenItem, status: ItemStatus): OutputItem {
  const { id, type, call, text } = item;
  if (call !== null) {
    return { id, type: 'function_call', call_id: call.id, name: call.name, arguments: text, status };
  }
  const hasPart = status !== 'in_progress' || text !== '';
  if (type === 'reasoning') {
    const content = hasPart ? [toReasoningPart(item)] : [];
    return { id, type, summary: [], content, encrypted_content: null, status };
  }
  return { id, type: 'message', role: 'assistant', status, content: hasPart ? [toTextPart(item)] : [] };
}

function toTextPart({ text, logprobs }: OpenItem): OutputTextPart {
  return { type: 'output_text', text, annotations: [], logprobs: [...logprobs] };
}

function toReasoningPart({ text }: OpenItem): ReasoningTextPart {
  return { type: 'reasoning_text', text };
}
