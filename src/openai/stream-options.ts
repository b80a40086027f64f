import { invalidRequest } from '../errors.ts';
import type { StreamPlan } from './generation-plan.ts';
import { IntervalRenderer } from './interval-renderer.ts';
import { ObfuscatingRenderer } from './obfuscating-renderer.ts';
import type { GenerationFields } from './sampling-schema.ts';
import type { StreamRenderer } from './stream-renderer.ts';

/**
 * How a stream was asked for; null where none was.
 * @throws ApiError 400 for options that need a stream or each other
 */
export function streamPlan(fields: GenerationFields): StreamPlan | null {
  const options = fields.stream_options;
  const asksForStream = options?.include_usage || options?.continuous_usage_stats || options?.include_obfuscation;
  if (fields.stream !== true && asksForStream) {
    throw invalidRequest('stream_options', "Invalid 'stream_options': only allowed with stream: true.");
  }
  if (options?.continuous_usage_stats && !options.include_usage) {
    const param = 'stream_options.continuous_usage_stats';
    throw invalidRequest(param, `Invalid '${param}': needs include_usage: true.`);
  }
  if (fields.stream === true && fields.prompt_logprobs != null) {
    throw invalidRequest('prompt_logprobs', "Invalid 'prompt_logprobs': not available with stream: true.");
  }
  if (fields.stream !== true) return null;
  return {
    includeUsage: options?.include_usage ?? false,
    continuousUsage: options?.continuous_usage_stats ?? false,
    interval: fields.stream_interval ?? 1,
    obfuscate: options?.include_obfuscation ?? false,
  };
}

/** Adds to the renderer of an endpoint what every endpoint's stream can have. */
export function decorateRenderer(renderer: StreamRenderer, stream: StreamPlan): StreamRenderer {
  const padded = stream.obfuscate ? new ObfuscatingRenderer(renderer) : renderer;
  return stream.interval > 1 ? new IntervalRenderer(padded, stream.interval) : padded;
}
