import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Generation } from '../engine/engine.ts';
import { ApiError } from '../errors.ts';
import { type ChoiceOutcome, collectChoice } from '../openai/choice-outcome.ts';
import type { GenerationPlan } from '../openai/generation-plan.ts';
import type { ModelRegistry } from '../openai/model-registry.ts';
import type { StreamRenderer } from '../openai/stream-renderer.ts';
import { ClientGone, watchClient } from './client-watch.ts';
import { toApiError } from './error-mapping.ts';
import type { RequestObserver } from './plugins/observer.ts';
import { streamGenerations } from './stream-generations.ts';

/** What the routes share. */
export interface RouteContext {
  readonly registry: ModelRegistry;
  readonly observer: RequestObserver;
  readonly holdHeadersMs: number;
  readonly keepAliveMs: number;
}

/** What an inference endpoint brings of its own. */
export interface GenerationEndpoint<Plan extends GenerationPlan = GenerationPlan> {
  plan(body: unknown, registry: ModelRegistry): Promise<Plan>;
  response(plan: Plan, outcomes: readonly ChoiceOutcome[]): object;
  renderer(plan: Plan): StreamRenderer;
}

/**
 * The handler of an inference endpoint: plan, admission (its errors are real HTTP errors), then a stream or one answer.
 * When the client leaves, in whichever phase, the engine's signal aborts and nothing is answered.
 */
export function generationHandler<Plan extends GenerationPlan>(
  endpoint: GenerationEndpoint<Plan>,
  context: RouteContext,
) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const abort = new AbortController();
    const unwatch = watchClient(request.raw, reply.raw, () => abort.abort(new ClientGone()));
    try {
      const plan = await endpoint.plan(request.body, context.registry);
      abort.signal.throwIfAborted();
      const { engine } = context.registry.resolve(plan.model);
      const generations = engine.submit(plan.requests, abort.signal);
      if (plan.stream === null) return endpoint.response(plan, await collectAll(generations, abort));
      await streamGenerations({
        reply,
        renderer: endpoint.renderer(plan),
        generations,
        abort,
        holdHeadersMs: context.holdHeadersMs,
        keepAliveMs: context.keepAliveMs,
        toApiError: (error) => loggedApiError(error, request),
      });
      return reply;
    } catch (error) {
      if (!(abort.signal.reason instanceof ClientGone)) throw error;
      reply.hijack();
      context.observer.clientGone(request, reply);
      return reply;
    } finally {
      unwatch();
    }
  };
}

/** All choices to their ends; the first failure stops the others. */
async function collectAll(generations: readonly Generation[], abort: AbortController): Promise<ChoiceOutcome[]> {
  try {
    return await Promise.all(generations.map(collectChoice));
  } catch (error) {
    abort.abort(error);
    throw error;
  }
}

function loggedApiError(error: unknown, request: FastifyRequest): ApiError {
  if (!(error instanceof ApiError)) request.log.error({ err: error }, 'unexpected error in a stream');
  return toApiError(error);
}
