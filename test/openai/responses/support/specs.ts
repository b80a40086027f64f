import type { GrammarSpec } from '../../../../src/grammar/grammar-spec.ts';
import { parseResponses, type ResponsesPlan } from '../../../../src/openai/responses/parse-responses.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { watchedRegistry } from './plans.ts';

/** The plan of a body, and the grammars that were compiled for it. */
export async function scriptedSpecs(body: object): Promise<ResponsesPlan & { specs: readonly GrammarSpec[] }> {
  const engine = new ScriptedEngine();
  const plan = await parseResponses(body, watchedRegistry(engine).registry, null);
  return { ...plan, specs: engine.grammars };
}
