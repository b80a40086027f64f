import type { FinishEvent, StartEvent } from '../../engine/engine.ts';
import type { MessagesPlan } from './parse-messages.ts';

/** Anthropic's `stop_reason`, as far as this server gives it. */
export type StopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'model_context_window_exceeded';

/** How an answer ended. */
export interface MessageEnd {
  readonly stop_reason: StopReason | null;
  readonly stop_sequence: string | null;
  readonly stop_details: null;
  readonly container: null;
}

/** The members of a message that has not ended. */
export const NOT_ENDED: MessageEnd = { stop_reason: null, stop_sequence: null, stop_details: null, container: null };

/** @param hasCalls whether the answer holds calls of tools */
export function messageEnd(plan: MessagesPlan, finish: FinishEvent, hasCalls: boolean): MessageEnd {
  const { stopReason } = finish;
  if (finish.reason === 'length') {
    const isFull = finish.numCompletionTokens < plan.maxTokens;
    return { ...NOT_ENDED, stop_reason: isFull ? 'model_context_window_exceeded' : 'max_tokens' };
  }
  if (typeof stopReason === 'string' && plan.stopSequences.includes(stopReason)) {
    return { ...NOT_ENDED, stop_reason: 'stop_sequence', stop_sequence: stopReason };
  }
  return { ...NOT_ENDED, stop_reason: hasCalls ? 'tool_use' : 'end_turn' };
}

/**
 * Anthropic's `usage`: a prompt's tokens are input_tokens and cache_read_input_tokens together. Nothing is billed for caching.
 * @param thinkingTokens those of the output that are thinking; null: the model does not think
 */
export function messageUsage(start: StartEvent, outputTokens: number, thinkingTokens: number | null): object {
  return {
    input_tokens: start.numPromptTokens - start.numCachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: start.numCachedTokens,
    output_tokens: outputTokens,
    output_tokens_details: thinkingTokens === null ? null : { thinking_tokens: thinkingTokens },
    server_tool_use: null,
  };
}

/** The message object; members that are null are the ones that Anthropic's SDKs declare and this server has nothing for. */
export function message(plan: MessagesPlan, content: readonly object[], end: MessageEnd, usage: object): object {
  return {
    id: plan.id,
    type: 'message',
    role: 'assistant',
    model: plan.model,
    content,
    ...end,
    diagnostics: null,
    usage: { ...usage, cache_creation: null, inference_geo: null, service_tier: 'standard', speed: null },
  };
}

/** A call's id with Anthropic's prefix. */
export function toolUseId(id: string): string {
  return `toolu_${id.replace(/^call_/, '')}`;
}
