import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readGenerationConfig } from '../../src/checkpoint/generation-config.ts';
import { CheckpointError } from '../../src/errors.ts';
import { type TemporaryFolder, temporaryFolder } from './write-safetensors.ts';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const read = (json: unknown): ReturnType<typeof readGenerationConfig> => {
  folder.write('generation_config.json', typeof json === 'string' ? json : JSON.stringify(json));
  return readGenerationConfig(folder.path);
};

describe('readGenerationConfig', () => {
  it('needs no file', async () => {
    expect(await readGenerationConfig(folder.path)).toEqual({});
  });

  it("reads DeepSeek-V2's", async () => {
    const file = {
      _from_model_config: true,
      bos_token_id: 100000,
      eos_token_id: 100001,
      do_sample: true,
      temperature: 0.3,
      top_p: 0.95,
      transformers_version: '4.39.3',
    };
    expect(await read(file)).toEqual({ temperature: 0.3, topP: 0.95, eosTokenIds: [100001] });
  });

  it('reads every field', async () => {
    const file = {
      temperature: 0.7,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.05,
      repetition_penalty: 1.1,
      max_new_tokens: 64,
      eos_token_id: [1, 2],
    };
    expect(await read(file)).toEqual({
      temperature: 0.7,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      repetitionPenalty: 1.1,
      maxNewTokens: 64,
      eosTokenIds: [1, 2],
    });
  });

  it('is greedy when the file says not to sample', async () => {
    expect(await read({ do_sample: false, temperature: 1, top_p: 1 })).toEqual({ temperature: 0, topP: 1 });
  });

  it('takes null as not given and top_k -1 as off', async () => {
    expect(await read({ temperature: null, eos_token_id: null, top_k: -1 })).toEqual({ topK: 0 });
  });

  it.each([
    ['{', /not valid JSON/],
    ['[]', /expected object/],
    [{ temperature: 'hot' }, /temperature: expected number/],
    [{ temperature: -1 }, /temperature/],
    [{ top_p: 0 }, /top_p/],
    [{ top_k: 1.5 }, /top_k/],
    [{ min_p: 2 }, /min_p/],
    [{ repetition_penalty: 0 }, /repetition_penalty/],
    [{ max_new_tokens: 0 }, /max_new_tokens/],
    [{ eos_token_id: ['a'] }, /eos_token_id/],
    [{ do_sample: 'yes' }, /do_sample/],
  ])('refuses %j', async (json, reason) => {
    const failure = read(json);
    await expect(failure).rejects.toThrow(CheckpointError);
    await expect(failure).rejects.toThrow(reason);
    await expect(failure).rejects.toThrow(/generation_config\.json: [\x20-\x7e]+$/);
  });

  it('refuses a folder of that name', async () => {
    mkdirSync(path.join(folder.path, 'generation_config.json'));
    await expect(readGenerationConfig(folder.path)).rejects.toThrow(/is a folder/);
  });
});
