import type { EndpointPaths } from './inference-route.ts';

/** Where Anthropic's clients find their API; with /anthropic in front as on DeepSeek's platform. */
export const MESSAGES_PATHS: EndpointPaths = ['/v1/messages', '/anthropic/v1/messages'];
/** The same of the endpoint that counts tokens. */
export const COUNT_TOKENS_PATHS: EndpointPaths = ['/v1/messages/count_tokens', '/anthropic/v1/messages/count_tokens'];

/** Whether a request speaks Anthropic's protocol, whatever it meets there (unknown paths below it and wrong methods too). */
export function isMessagesUrl(url: string): boolean {
  return /^(\/+anthropic)?\/+v1\/+messages([/?]|$)/.test(url);
}
