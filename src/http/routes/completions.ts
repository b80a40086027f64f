import type { FastifyInstance } from 'fastify';
import { withClientId } from '../../openai/answer-id.ts';
import { completionResponse } from '../../openai/completion-response.ts';
import { CompletionStreamRenderer } from '../../openai/completion-stream.ts';
import { parseCompletion } from '../../openai/parse-completion.ts';
import { timedRenderer, withTimings } from '../../openai/timings.ts';
import { type GenerationEndpoint, generationHandler, type RouteContext } from '../generation-route.ts';
import { addEndpoint, pathsOf } from '../inference-route.ts';

/** POST /v1/completions */
export function addCompletions(app: FastifyInstance, context: RouteContext): void {
  const endpoint: GenerationEndpoint = {
    plan: async (body, registry, clientId) => withClientId(await parseCompletion(body, registry), body, clientId),
    response: (plan, outcomes) => withTimings(completionResponse(plan, outcomes), plan, outcomes),
    renderer: (plan) => timedRenderer(new CompletionStreamRenderer(plan), plan),
  };
  addEndpoint(app, pathsOf('/v1/completions'), { method: 'POST', handler: generationHandler(endpoint, context) });
}
