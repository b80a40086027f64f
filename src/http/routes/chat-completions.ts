import type { FastifyInstance } from 'fastify';
import { chatResponse } from '../../openai/chat-response.ts';
import { ChatStreamRenderer } from '../../openai/chat-stream.ts';
import type { GenerationPlan } from '../../openai/generation-plan.ts';
import { parseChat } from '../../openai/parse-chat.ts';
import { generationHandler, type RouteContext } from '../generation-route.ts';

/** POST /v1/chat/completions */
export function addChatCompletions(app: FastifyInstance, context: RouteContext): void {
  const endpoint = {
    plan: parseChat,
    response: chatResponse,
    renderer: (plan: GenerationPlan) => new ChatStreamRenderer(plan),
  };
  app.post('/v1/chat/completions', generationHandler(endpoint, context));
}
