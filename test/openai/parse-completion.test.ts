import { describe, expect, it } from 'vitest';
import { parseCompletion } from '../../src/openai/parse-completion.ts';
import { BOS } from './support/byte-codec.ts';
import { registryOf, servedModel } from './support/served.ts';

const registry = registryOf(servedModel());
const parse = (body: object) => parseCompletion(body, registry);
const promptIds = async (body: object) => (await parse(body)).prompts.map((prompt) => prompt.tokenIds);

describe('parseCompletion', () => {
  it('takes all four forms of prompt', async () => {
    expect(await promptIds({ prompt: 'ab' })).toEqual([[BOS, 97, 98]]);
    expect(await promptIds({ prompt: ['a', 'b'] })).toEqual([
      [BOS, 97],
      [BOS, 98],
    ]);
    expect(await promptIds({ prompt: [97, 259] })).toEqual([[97, 259]]);
    expect(await promptIds({ prompt: [[1], [2, 3]] })).toEqual([[1], [2, 3]]);
  });

  it('interprets special tokens in raw prompts and leaves BOS out on request', async () => {
    expect(await promptIds({ prompt: '<bos>a', add_special_tokens: false })).toEqual([[BOS, 97]]);
  });

  it('orders choices prompt-major and derives their seeds alike for every prompt', async () => {
    const plan = await parse({ prompt: ['a', 'b'], n: 2, seed: 1, best_of: 2 });
    expect(plan.requests.map((request) => request.promptTokenIds[1])).toEqual([97, 97, 98, 98]);
    const seeds = plan.requests.map((request) => request.sampling.seed);
    expect(seeds.slice(0, 2)).toEqual(seeds.slice(2));
    expect(seeds[0]).not.toBe(seeds[1]);
  });

  it('defaults to 16 tokens, also where the model would say otherwise, and allows 0', async () => {
    const model = servedModel(undefined, { maxNewTokens: 99 });
    expect((await parseCompletion({ prompt: 'a' }, registryOf(model))).requests[0]?.maxTokens).toBe(16);
    expect((await parse({ prompt: 'a', max_tokens: 0 })).requests[0]?.maxTokens).toBe(0);
  });

  it('scores the prompt of every choice for echo with logprobs, with the larger of both counts', async () => {
    const plan = await parse({ prompt: 'a', n: 2, echo: true, logprobs: 2, prompt_logprobs: 4 });
    expect(plan.requests.map((request) => request.promptLogprobs)).toEqual([4, 4]);
    expect(plan.requests[0]?.sampling.logprobs).toBe(2);
    expect((await parse({ prompt: 'a', echo: true })).requests[0]?.promptLogprobs).toBeNull();
  });

  it('generates best_of outputs, scored whether the answer shows it or not', async () => {
    const plan = await parse({ prompt: ['a', 'b'], n: 2, best_of: 5 });
    expect(plan).toMatchObject({ n: 5, numBest: 2, logprobs: null });
    expect(plan.requests).toHaveLength(10);
    expect(plan.requests.every(({ sampling }) => sampling.logprobs === 0)).toBe(true);
    expect(await parse({ prompt: 'a', n: 2, best_of: 2 })).toMatchObject({ n: 2, numBest: null });
  });

  it('shows as many alternatives as logprob_token_ids lists', async () => {
    const plan = await parse({ prompt: 'a', logprobs: 1, logprob_token_ids: [3, 4, 5] });
    expect(plan.logprobs).toBe(3);
    expect(plan.requests[0]?.sampling).toMatchObject({ logprobs: 1, logprobTokenIds: [3, 4, 5] });
    expect((await parse({ prompt: 'a', logprobs: 1, logprob_token_ids: [] })).logprobs).toBe(1);
  });

  it('says that -1 log-probabilities, the whole vocabulary, are not offered', async () => {
    for (const field of ['logprobs', 'prompt_logprobs']) {
      await expect(parse({ prompt: 'a', [field]: -1 })).rejects.toMatchObject({
        param: field,
        message: expect.stringContaining('must be 0 to 20 (-1, the whole vocabulary, is not offered)'),
      });
    }
  });

  it('takes repetition_detection of size 0 as off, and 1 for the smallest pattern', async () => {
    const detection = async (value: object) =>
      (await parse({ prompt: 'a', repetition_detection: value })).requests[0]?.sampling.repetitionDetection;
    expect(await detection({})).toBeNull();
    expect(await detection({ max_pattern_size: 0, min_count: 0 })).toBeNull();
    expect(await detection({ max_pattern_size: 4, min_count: 3 })).toEqual({
      maxPatternSize: 4,
      minPatternSize: 1,
      minCount: 3,
    });
  });

  it('does not strip what a raw prompt is continued with', async () => {
    expect((await parse({ prompt: 'a' })).requests[0]?.stripLeadingSpace).toBe(false);
  });

  it('refuses an empty prompt only where no token is left of it', async () => {
    expect(await promptIds({ prompt: '' })).toEqual([[BOS]]);
    await expect(parse({ prompt: '', add_special_tokens: false })).rejects.toMatchObject({ param: 'prompt' });
  });

  it('refuses token-id prompts that fill the context', async () => {
    await expect(parse({ prompt: new Array(256).fill(1) })).rejects.toMatchObject({
      param: 'prompt',
      code: 'context_length_exceeded',
    });
  });

  it('bounds prompts times n', async () => {
    await expect(parse({ prompt: new Array(17).fill('a'), n: 128 })).rejects.toMatchObject({ status: 400, param: 'n' });
  });
});
