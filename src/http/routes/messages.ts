import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { messageResponse } from '../../openai/messages/message-response.ts';
import { MessageStreamRenderer } from '../../openai/messages/message-stream.ts';
import { countTokens, type MessagesPlan, parseMessages } from '../../openai/messages/parse-messages.ts';
import { type GenerationEndpoint, generationHandler, type RouteContext } from '../generation-route.ts';
import { addEndpoint } from '../inference-route.ts';
import { COUNT_TOKENS_PATHS, MESSAGES_PATHS } from '../messages-url.ts';

/** Anthropic's name of x-request-id. */
function addRequestIdHeader(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.header('request-id', request.id);
  done();
}

/** POST /v1/messages and /v1/messages/count_tokens, as Anthropic's clients call them. */
export function addMessages(app: FastifyInstance, context: RouteContext): void {
  const endpoint: GenerationEndpoint<MessagesPlan> = {
    plan: parseMessages,
    response: messageResponse,
    renderer: (plan) => new MessageStreamRenderer(plan),
  };
  const route = { method: 'POST', onRequest: addRequestIdHeader } as const;
  addEndpoint(app, MESSAGES_PATHS, { ...route, handler: generationHandler(endpoint, context) });
  addEndpoint(app, COUNT_TOKENS_PATHS, {
    ...route,
    handler: (request) => countTokens(request.body, context.registry),
  });
}
