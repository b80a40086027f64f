import type { ModelRegistry } from '../../../../src/openai/model-registry.ts';
import { parseResponses, type ResponsesPlan } from '../../../../src/openai/responses/parse-responses.ts';
import type { ChatPromptOptions, ChatTurn } from '../../../../src/openai/served-model.ts';
import { byteCodec } from '../../support/byte-codec.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { registryOf, servedModel } from '../../support/served.ts';

export interface SeenChat {
  readonly turns: readonly ChatTurn[];
  readonly options: ChatPromptOptions;
}

/** A registry whose model remembers the conversations that were encoded. */
export function watchedRegistry(engine = new ScriptedEngine()): { registry: ModelRegistry; seen: SeenChat[] } {
  const seen: SeenChat[] = [];
  const codec = byteCodec();
  const text = {
    ...codec,
    encodeChat: async (turns: readonly ChatTurn[], options: ChatPromptOptions) => {
      seen.push({ turns, options });
      return await codec.encodeChat(turns, options);
    },
  };
  return { registry: registryOf({ ...servedModel(engine), text }), seen };
}

/** The plan of a body, and the conversation that its prompt was made of. */
export async function planOf(body: object): Promise<ResponsesPlan & SeenChat> {
  const { registry, seen } = watchedRegistry();
  const plan = await parseResponses(body, registry, null);
  const last = seen.at(-1);
  if (last === undefined) throw new Error('nothing was encoded');
  return { ...plan, ...last };
}
