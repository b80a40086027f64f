import type { Engine, EngineHold, Generation, GenerationEvent } from '../../../src/engine/engine.ts';
import type { GenerateRequest } from '../../../src/engine/generate-request.ts';
import type { GrammarHandle } from '../../../src/grammar/grammar-spec.ts';
import type { LocalEngine, Output } from '../../support/local-engine.ts';
import { SCRIPTED_TIMES } from './scripted-engine.ts';

/** The real engine in this thread behind the interface that the API sees: a submission runs to its end at once. Texts are empty. */
export class CoreEngine implements Engine {
  readonly state = 'ready';
  readonly limits: Engine['limits'];
  readonly #engine: LocalEngine;

  constructor(engine: LocalEngine, limits: Engine['limits']) {
    this.#engine = engine;
    this.limits = limits;
  }

  submit(requests: readonly GenerateRequest[]): Generation[] {
    const outputs = requests.map(({ promptTokenIds, maxTokens, sampling, promptLogprobs }) =>
      this.#engine.add(promptTokenIds, maxTokens, { sampling, promptLogprobs }),
    );
    this.#engine.runToEnd();
    return outputs.map((output, index) => play(requests[index]!, output));
  }

  hold(): EngineHold {
    return { submit: (requests) => this.submit(requests), [Symbol.dispose]: () => {} };
  }

  compileGrammar(): Promise<GrammarHandle> {
    return Promise.reject(new Error('no grammars here'));
  }
}

async function* play(request: GenerateRequest, output: Output): AsyncGenerator<GenerationEvent> {
  const { promptLogprobs, numCachedTokens } = output;
  const numPromptTokens = request.promptTokenIds.length;
  yield { type: 'start', numPromptTokens, numCachedTokens, promptLogprobs, times: SCRIPTED_TIMES };
  const logprobs = output.logprobs.length > 0 ? output.logprobs : null;
  yield { type: 'delta', text: '', tokenIds: output.tokens, logprobs };
  const reason = output.finish === 'length' ? 'length' : 'stop';
  yield { type: 'finish', reason, stopReason: null, numCompletionTokens: output.tokens.length };
}
