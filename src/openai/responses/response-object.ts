import type { Timings } from '../timings.ts';

/** The wire forms of OpenAI's Responses API, as far as this server answers with them. */

export interface FunctionToolObject {
  readonly type: 'function';
  readonly name: string;
  readonly description: string | null;
  readonly parameters: Readonly<Record<string, unknown>> | null;
  readonly strict: boolean;
}

export type ToolChoiceObject =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: 'function'; readonly name: string }
  | {
      readonly type: 'allowed_tools';
      readonly mode: 'auto' | 'required';
      readonly tools: readonly { readonly type: 'function'; readonly name: string }[];
    };

export type TextFormatObject =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict: boolean;
      readonly description?: string;
    };

interface LogprobOfToken {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

/** Log-probability of an output token, with the likeliest tokens at its position. */
export interface OutputLogprob extends LogprobOfToken {
  readonly top_logprobs: readonly LogprobOfToken[];
}

export interface OutputTextPart {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly never[];
  /** Empty when not asked for. */
  readonly logprobs: readonly OutputLogprob[];
}

export interface ReasoningTextPart {
  readonly type: 'reasoning_text';
  readonly text: string;
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface MessageItem {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly status: ItemStatus;
  readonly content: readonly OutputTextPart[];
}

export interface ReasoningItem {
  readonly id: string;
  readonly type: 'reasoning';
  readonly summary: readonly never[];
  readonly content: readonly ReasoningTextPart[];
  readonly encrypted_content: null;
  readonly status: ItemStatus;
}

export interface FunctionCallItem {
  readonly id: string;
  readonly type: 'function_call';
  readonly call_id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
  readonly status: ItemStatus;
}

export type OutputItem = MessageItem | ReasoningItem | FunctionCallItem;

export interface ResponseUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

/** What a response repeats of its request; the same from the first event to the last. */
export interface ResponseSettings {
  readonly id: string;
  readonly object: 'response';
  /** Unix seconds. */
  readonly created_at: number;
  readonly model: string;
  readonly background: false;
  readonly conversation: null;
  readonly frequency_penalty: number;
  readonly instructions: string | null;
  readonly max_output_tokens: number | null;
  readonly max_tool_calls: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parallel_tool_calls: boolean;
  readonly presence_penalty: number;
  readonly previous_response_id: null;
  readonly prompt_cache_key: string | null;
  readonly reasoning: { readonly effort: 'none' | null; readonly summary: null };
  readonly safety_identifier: string | null;
  readonly service_tier: 'default';
  readonly store: false;
  readonly temperature: number;
  readonly text: { readonly format: TextFormatObject; readonly verbosity: 'medium' };
  readonly tool_choice: ToolChoiceObject;
  readonly tools: readonly FunctionToolObject[];
  readonly top_logprobs: number;
  readonly top_p: number;
  readonly truncation: 'auto' | 'disabled';
  readonly user: string | null;
}

/** How far a response has come. */
export interface ResponseProgress {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  /** Unix seconds; null unless completed. */
  readonly completed_at: number | null;
  readonly error: { readonly code: 'server_error' | 'rate_limit_exceeded'; readonly message: string } | null;
  readonly incomplete_details: { readonly reason: 'max_output_tokens' } | null;
  readonly output: readonly OutputItem[];
  /** Null until the end. */
  readonly usage: ResponseUsage | null;
  /** llama.cpp's, where asked for. */
  readonly timings?: Timings;
}

/** OpenAI's `Response`. */
export type ResponseObject = ResponseSettings & ResponseProgress;
