import type { Engine, EngineHold, EngineLimits, EngineState, Generation } from '../engine/engine.ts';
import type { GenerateRequest } from '../engine/generate-request.ts';
import { type ApiError, unavailable } from '../errors.ts';
import type { GrammarHandle, GrammarSpec } from '../grammar/grammar-spec.ts';
import type { GenerationDefaults, ServedModel, TextCodec } from '../openai/served-model.ts';

/** Seconds after which a client that came too early may try again. */
const RETRY_AFTER_SECONDS = 5;

/** What {@link LoadingModel} becomes. */
export interface LoadedModel {
  readonly engine: Engine;
  readonly text: TextCodec;
  readonly generationDefaults: GenerationDefaults;
}

/** A model that HTTP serves from the first moment: 503 until it is loaded, then the model itself. */
export class LoadingModel implements ServedModel {
  readonly names: readonly [string, ...string[]];
  readonly root: string;
  readonly created = Math.floor(Date.now() / 1000);
  readonly ownedBy = 'latent-serve';
  readonly engine = new LoadingEngine();
  #loaded: LoadedModel | null = null;

  constructor(names: readonly [string, ...string[]], root: string) {
    this.names = names;
    this.root = root;
  }

  /** @throws ApiError 503 while loading */
  get text(): TextCodec {
    return this.#get().text;
  }

  /** @throws ApiError 503 while loading */
  get generationDefaults(): GenerationDefaults {
    return this.#get().generationDefaults;
  }

  become(loaded: LoadedModel): void {
    this.#loaded = loaded;
    this.engine.become(loaded.engine);
  }

  #get(): LoadedModel {
    if (this.#loaded === null) throw this.engine.refusal();
    return this.#loaded;
  }
}

/** Stands for the engine while there is none. */
export class LoadingEngine implements Engine {
  #engine: Engine | null = null;
  #stateBefore: Exclude<EngineState, 'ready'> = 'loading';

  get state(): EngineState {
    return this.#engine?.state ?? this.#stateBefore;
  }

  get limits(): EngineLimits {
    if (this.#engine === null) throw this.refusal();
    return this.#engine.limits;
  }

  submit(requests: readonly GenerateRequest[], signal: AbortSignal): Generation[] {
    if (this.#engine === null) throw this.refusal();
    return this.#engine.submit(requests, signal);
  }

  hold(): EngineHold {
    if (this.#engine === null) throw this.refusal();
    return this.#engine.hold();
  }

  async compileGrammar(spec: GrammarSpec, param: string): Promise<GrammarHandle> {
    if (this.#engine === null) throw this.refusal();
    return await this.#engine.compileGrammar(spec, param);
  }

  become(engine: Engine): void {
    this.#engine = engine;
  }

  /** There will be no engine: the process is shutting down, or loading has failed. */
  giveUp(state: 'draining' | 'failed'): void {
    this.#stateBefore = state;
  }

  /** The answer to a request that comes before the engine. */
  refusal(): ApiError {
    if (this.#stateBefore === 'failed') return unavailable('The model could not be loaded.');
    if (this.#stateBefore === 'draining') return unavailable('The server is shutting down.', RETRY_AFTER_SECONDS);
    return unavailable('The model is still loading.', RETRY_AFTER_SECONDS);
  }
}
