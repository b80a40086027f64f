import type { GenerationPlan } from './generation-plan.ts';

/**
 * The plan with the client's x-request-id in the id of its answer (`chatcmpl-` and the id), as in vLLM, so that both can be
 * found by one name. A `request_id` in the body comes first.
 * @param clientId null where the client sent none that can be part of an id
 */
export function withClientId(plan: GenerationPlan, body: unknown, clientId: string | null): GenerationPlan {
  if (clientId === null || (body as { request_id?: unknown }).request_id != null) return plan;
  return { ...plan, id: plan.id.slice(0, plan.id.length - idSuffix(plan.id).length) + clientId };
}

/** What follows the prefix: the client's own id, or one drawn at random. */
export function idSuffix(id: string): string {
  return id.slice(id.search(/[-_]/) + 1);
}
