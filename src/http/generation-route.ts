import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Generation } from '../engine/engine.ts';
import { ApiError } from '../errors.ts';
import { idSuffix } from '../openai/answer-id.ts';
import { beamSearch } from '../openai/beam-search.ts';
import { type ChoiceOutcome, collectChoice } from '../openai/choice-outcome.ts';
import type { GenerationPlan } from '../openai/generation-plan.ts';
import type { ModelRegistry } from '../openai/model-registry.ts';
import { decorateRenderer } from '../openai/stream-options.ts';
import type { StreamRenderer } from '../openai/stream-renderer.ts';
import { ClientGone, watchClient } from './client-watch.ts';
import { requestCancelled, toApiError } from './error-mapping.ts';
import type { RequestObserver } from './plugins/observer.ts';
import { clientRequestId } from './plugins/request-id.ts';
import type { RunningRequests } from './running-requests.ts';
import { streamGenerations } from './stream-generations.ts';

/** What the routes share. */
export interface RouteContext {
  readonly registry: ModelRegistry;
  readonly observer: RequestObserver;
  readonly running: RunningRequests;
  readonly holdHeadersMs: number;
  readonly keepAliveMs: number;
}

/** What an inference endpoint brings of its own. */
export interface GenerationEndpoint<Plan extends GenerationPlan = GenerationPlan> {
  /** @param clientId the client's x-request-id, where it sent one that can be part of the id of an answer */
  plan(body: unknown, registry: ModelRegistry, clientId: string | null): Promise<Plan>;
  response(plan: Plan, outcomes: readonly ChoiceOutcome[]): object;
  renderer(plan: Plan): StreamRenderer;
}

/**
 * The handler of an inference endpoint: plan, admission (its errors are real HTTP errors), then a stream or one answer.
 * When the client leaves, in whichever phase, the engine's signal aborts and nothing is answered; when the request is
 * cancelled, the signal aborts and the answer is an error.
 */
export function generationHandler<Plan extends GenerationPlan>(
  endpoint: GenerationEndpoint<Plan>,
  context: RouteContext,
) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const clientGone = new AbortController();
    const abort = new AbortController();
    const unwatch = watchClient(request.raw, reply.raw, () => {
      clientGone.abort(new ClientGone());
      abort.abort(clientGone.signal.reason);
    });
    const cancel = (): void => abort.abort(requestCancelled());
    const entry = context.running.add({ keyIndex: request.keyIndex, cancel }, request.id);
    try {
      const plan = await endpoint.plan(request.body, context.registry, clientRequestId(request.raw));
      abort.signal.throwIfAborted();
      entry.addId(plan.id);
      entry.addId(idSuffix(plan.id));
      const { engine } = context.registry.resolve(plan.model);
      if (plan.beam !== null) {
        return endpoint.response(plan, await beamSearch(engine, plan, plan.beam, abort.signal));
      }
      const generations = engine.submit(plan.requests, abort.signal);
      if (plan.stream === null) return endpoint.response(plan, await collectAll(generations, abort));
      await streamGenerations({
        reply,
        renderer: decorateRenderer(endpoint.renderer(plan), plan.stream),
        generations,
        abort,
        clientGone: clientGone.signal,
        holdHeadersMs: context.holdHeadersMs,
        keepAliveMs: context.keepAliveMs,
        toApiError: (error) => loggedApiError(error, request),
      });
      return reply;
    } catch (error) {
      if (!clientGone.signal.aborted) throw error;
      reply.hijack();
      context.observer.clientGone(request, reply);
      return reply;
    } finally {
      unwatch();
      entry.remove();
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
