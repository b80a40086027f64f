import type { FastifyInstance } from 'fastify';
import { completionResponse } from '../../openai/completion-response.ts';
import { CompletionStreamRenderer } from '../../openai/completion-stream.ts';
import type { GenerationPlan } from '../../openai/generation-plan.ts';
import { parseCompletion } from '../../openai/parse-completion.ts';
import { generationHandler, type RouteContext } from '../generation-route.ts';

/** POST /v1/completions */
export function addCompletions(app: FastifyInstance, context: RouteContext): void {
  const endpoint = {
    plan: parseCompletion,
    response: completionResponse,
    renderer: (plan: GenerationPlan) => new CompletionStreamRenderer(plan),
  };
  app.post('/v1/completions', generationHandler(endpoint, context));
}
