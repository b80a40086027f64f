import { expect, it } from 'vitest';
import { CompletionLogprobsBuilder } from '../../src/openai/completion-logprobs.ts';
import { parseCompletion } from '../../src/openai/parse-completion.ts';
import { registryOf, servedModel } from './support/served.ts';

it('of two tokens with one text the likelier stays, so that the best of top_logprobs is the best token', async () => {
  const plan = await parseCompletion({ prompt: 'a', logprobs: 1 }, registryOf(servedModel()));
  // Two halves of different characters: both read U+FFFD.
  const entry = { tokenId: 0xc3, logprob: -5, rank: 2, top: [{ tokenId: 0xe2, logprob: -0.1 }] };
  const { top_logprobs, token_logprobs } = new CompletionLogprobsBuilder(plan).output([0xc3], [entry]);
  expect(top_logprobs).toEqual([{ '\ufffd': -0.1 }]);
  expect(token_logprobs).toEqual([-5]);
});
