import type { FastifyInstance } from 'fastify';
import { withClientId } from '../../openai/answer-id.ts';
import { chatResponse } from '../../openai/chat-response.ts';
import { ChatStreamRenderer } from '../../openai/chat-stream.ts';
import { parseChat } from '../../openai/parse-chat.ts';
import { timedRenderer, withTimings } from '../../openai/timings.ts';
import { type GenerationEndpoint, generationHandler, type RouteContext } from '../generation-route.ts';
import { addEndpoint, pathsOf } from '../inference-route.ts';

/** POST /v1/chat/completions */
export function addChatCompletions(app: FastifyInstance, context: RouteContext): void {
  const endpoint: GenerationEndpoint = {
    plan: async (body, registry, clientId) => withClientId(await parseChat(body, registry), body, clientId),
    response: (plan, outcomes) => withTimings(chatResponse(plan, outcomes), plan, outcomes),
    renderer: (plan) => timedRenderer(new ChatStreamRenderer(plan), plan),
  };
  addEndpoint(app, pathsOf('/v1/chat/completions'), { method: 'POST', handler: generationHandler(endpoint, context) });
}
