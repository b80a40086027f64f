import { describe, expect, it } from 'vitest';
import { parseChat } from '../../src/openai/parse-chat.ts';
import { parseCompletion } from '../../src/openai/parse-completion.ts';
import { truncatePrompt } from '../../src/openai/truncate-prompt.ts';
import { ASSISTANT, BOS } from './support/byte-codec.ts';
import { registryOf, servedModel } from './support/served.ts';

const registry = registryOf(servedModel());
const limits = { maxModelLen: 10, maxTokens: 4 };
const ids = [1, 2, 3, 4, 5, 6, 7, 8];

describe('truncatePrompt', () => {
  it.each([
    [{}, ids],
    [{ truncate_prompt_tokens: 3 }, [6, 7, 8]],
    [{ truncate_prompt_tokens: 3, truncation_side: 'left' as const }, [6, 7, 8]],
    [{ truncate_prompt_tokens: 3, truncation_side: 'right' as const }, [1, 2, 3]],
    [{ truncate_prompt_tokens: -1 }, [3, 4, 5, 6, 7, 8]],
    [{ truncation_side: 'right' as const }, ids],
  ])('%j', (fields, kept) => {
    expect(truncatePrompt(ids, fields, limits)).toEqual(kept);
  });

  it('leaves room for one token where none is asked for, and for one at least', () => {
    expect(truncatePrompt(ids, { truncate_prompt_tokens: -1 }, { maxModelLen: 6, maxTokens: null })).toHaveLength(5);
    expect(truncatePrompt(ids, { truncate_prompt_tokens: -1 }, { maxModelLen: 6, maxTokens: 0 })).toHaveLength(5);
  });

  it('refuses lengths that leave no room', () => {
    for (const length of [7, 0]) {
      expect(() => truncatePrompt(ids, { truncate_prompt_tokens: length }, limits)).toThrow("'truncate_prompt_tokens'");
    }
    expect(() => truncatePrompt(ids, { truncate_prompt_tokens: -1 }, { maxModelLen: 4, maxTokens: 4 })).toThrow();
  });
});

describe('in a request', () => {
  it('makes room for prompts that are longer than the context', async () => {
    const prompt = 'x'.repeat(5000);
    const plan = await parseCompletion({ prompt, truncate_prompt_tokens: -1, max_tokens: 6, echo: true }, registry);
    expect(plan.prompts[0]?.tokenIds).toHaveLength(250);
    expect(plan.prompts[0]?.text).toBe('x'.repeat(250));
    expect(plan.requests[0]?.maxTokens).toBe(6);
    const long = new Array(999).fill(7);
    const ofIds = await parseCompletion({ prompt: long, truncate_prompt_tokens: 100 }, registry);
    expect(ofIds.prompts[0]?.tokenIds).toHaveLength(100);
  });

  it('cuts conversations at the side asked for', async () => {
    const messages = [{ role: 'user', content: `${'x'.repeat(5000)}yz` }];
    const left = await parseChat({ messages, truncate_prompt_tokens: 3 }, registry);
    expect(left.prompts[0]?.tokenIds).toEqual([121, 122, ASSISTANT]);
    const right = await parseChat({ messages, truncate_prompt_tokens: -1, truncation_side: 'right' }, registry);
    expect(right.prompts[0]?.tokenIds).toHaveLength(255);
    expect(right.prompts[0]?.tokenIds[0]).toBe(BOS);
  });
});
