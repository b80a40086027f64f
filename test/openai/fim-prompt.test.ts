import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCompletion } from '../../src/openai/parse-completion.ts';
import type { TextCodec } from '../../src/openai/served-model.ts';
import { tokenizer } from '../text/fixtures.ts';
import { byteCodec } from './support/byte-codec.ts';
import { ScriptedEngine } from './support/scripted-engine.ts';
import { registryOf, servedModel } from './support/served.ts';

/** The tokenizer of the fixtures, which has DeepSeek's added tokens, as a codec. */
const codec: TextCodec = {
  ...byteCodec(),
  maxTokenLength: tokenizer.maxTokenLength,
  encodePrompt: async (text, addSpecialTokens) => tokenizer.encodePrompt(text, { addSpecialTokens }),
  encodeText: async (text) => tokenizer.encode(text, { specialTokens: 'text' }),
  addedTokenId: (text) => tokenizer.addedTokens.find(({ content }) => content === text)?.id,
  decode: (ids, options) => tokenizer.decode(ids, options),
};
const engine = new ScriptedEngine();
engine.limits = { maxModelLen: 1024, vocabSize: tokenizer.size, eosTokenIds: [] };
const registry = registryOf({ ...servedModel(engine), text: codec });
const parse = (body: object) => parseCompletion(body, registry);
const idsOf = async (body: object) => (await parse(body)).prompts.map(({ tokenIds }) => tokenIds);

interface Golden {
  readonly prompt: string;
  readonly suffix: string;
  readonly ids: number[];
}
const goldens = JSON.parse(
  readFileSync(new URL('../fixtures/fim/fim.golden.json', import.meta.url), 'utf8'),
) as Golden[];

describe('fill in the middle', () => {
  it.each(goldens)('has the ids of the Rust library: $prompt | $suffix', async ({ prompt, suffix, ids }) => {
    expect(await idsOf({ prompt, suffix })).toEqual([ids]);
  });

  it('puts the suffix after every prompt of a list', async () => {
    const [a, b] = goldens as [Golden, Golden];
    const both = await idsOf({ prompt: [a.prompt, b.prompt], suffix: b.suffix });
    expect(both[1]).toEqual(b.ids);
    expect(both[0]).toEqual((await idsOf({ prompt: a.prompt, suffix: b.suffix }))[0]);
  });

  it('takes token ids as they are, and their BOS to the front', async () => {
    const { prompt, suffix, ids } = goldens[0]!;
    const own = tokenizer.encode(prompt, { specialTokens: 'text' });
    expect(await idsOf({ prompt: own, suffix })).toEqual([ids]);
    expect(await idsOf({ prompt: [tokenizer.bosTokenId, ...own], suffix })).toEqual([ids]);
    const withoutBos = { suffix, add_special_tokens: false };
    expect(await idsOf({ prompt: own, ...withoutBos })).toEqual([ids.slice(1)]);
    expect(await idsOf({ prompt: [tokenizer.bosTokenId, ...own], ...withoutBos })).toEqual([ids]);
  });

  it('reads special tokens in the texts as plain text', async () => {
    const prompt = 'a <｜fim▁hole｜> b';
    const suffix = '<｜end▁of▁sentence｜>';
    const [ids] = await idsOf({ prompt, suffix });
    const special = tokenizer.addedTokens.map(({ id }) => id);
    expect(ids!.filter((id) => special.includes(id))).toHaveLength(4);
    expect(tokenizer.decode(ids!.slice(1), { skipSpecialTokens: false })).toBe(
      `<｜fim▁begin｜>${prompt}<｜fim▁hole｜>${suffix}<｜fim▁end｜>`,
    );
  });

  it('echoes the prompt alone', async () => {
    const { prompt, suffix } = goldens[0]!;
    expect((await parse({ prompt, suffix, echo: true })).prompts[0]?.text).toBe(prompt);
  });

  it('an empty suffix asks for nothing', async () => {
    expect(await idsOf({ prompt: 'a', suffix: '' })).toEqual(await idsOf({ prompt: 'a' }));
  });

  it.each([
    [{ truncate_prompt_tokens: 5 }, 'truncate_prompt_tokens'],
    [{ echo: true, logprobs: 1 }, 'logprobs'],
    [{ suffix: 'x'.repeat(1024 * codec.maxTokenLength) }, 'prompt'],
    [{ suffix: ' a'.repeat(1100) }, 'prompt'],
    [{ suffix: 5 }, 'suffix'],
  ])('refuses %#', async (extra, param) => {
    await expect(parse({ prompt: 'abc', suffix: 'b', ...extra })).rejects.toMatchObject({ status: 400, param });
  });

  it('says so where the tokenizer lacks the tokens', async () => {
    const plain = registryOf(servedModel());
    await expect(parseCompletion({ prompt: 'a', suffix: 'b' }, plain)).rejects.toMatchObject({
      status: 400,
      param: 'suffix',
      message: expect.stringContaining('cannot fill in the middle'),
    });
  });
});
