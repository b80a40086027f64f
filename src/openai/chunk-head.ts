import type { GenerationPlan } from './generation-plan.ts';

/** The members that all chunks of a stream share, as JSON text with an open brace: `{"id":…,` */
export function chunkHead(plan: GenerationPlan, object: 'chat.completion.chunk' | 'text_completion'): string {
  const head = JSON.stringify({
    id: plan.id,
    object,
    created: plan.created,
    model: plan.model,
    system_fingerprint: plan.fingerprint,
  });
  return `${head.slice(0, -1)},`;
}
