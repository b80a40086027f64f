import { ModelRegistry } from '../../../src/openai/model-registry.ts';
import type { GenerationDefaults, ServedModel } from '../../../src/openai/served-model.ts';
import { byteCodec } from './byte-codec.ts';
import { ScriptedEngine } from './scripted-engine.ts';

export interface TestModel extends ServedModel {
  readonly engine: ScriptedEngine;
}

export function servedModel(engine = new ScriptedEngine(), generationDefaults: GenerationDefaults = {}): TestModel {
  return {
    names: ['org/tiny-v2', 'default', 'deepseek-chat'],
    created: 1_700_000_000,
    ownedBy: 'latent-serve',
    root: '/models/tiny-v2',
    engine,
    text: byteCodec(),
    generationDefaults,
  };
}

export function registryOf(model: ServedModel): ModelRegistry {
  return new ModelRegistry([model], '0.0.0-test');
}
