import { type Endpoint, type Parameter, supported } from './parameter.ts';

const both: readonly Endpoint[] = ['chat', 'completions'];

/** How tokens are chosen and when an output ends: rows of chat and text completions. */
export const samplingParameters: readonly Parameter[] = [
  supported(both, 'temperature', {
    type: 'number, 0 to 2',
    default: "the model's generation_config.json, else 1",
    meaning: 'Flattens (above 1) or sharpens (below 1) the distribution; 0 always takes the likeliest token.',
  }),
  supported(both, 'top_p', {
    type: 'number, 0 to 1',
    default: "the model's generation_config.json, else 1",
    meaning: 'Keeps the likeliest tokens that together hold this much of the probability.',
  }),
  supported(both, 'top_k', {
    type: 'integer, -1 or more',
    default: "the model's generation_config.json, else 0",
    meaning: 'Keeps this many of the likeliest tokens; 0 and -1 keep all.',
  }),
  supported(both, 'min_p', {
    type: 'number, 0 to 1',
    default: "the model's generation_config.json, else 0",
    meaning: 'Drops tokens less likely than this share of the likeliest one.',
  }),
  supported(both, 'repetition_penalty', {
    type: 'number, above 0, at most 100',
    default: "the model's generation_config.json, else 1",
    meaning: 'Above 1 makes tokens of the prompt and of the output less likely (multiplicative).',
  }),
  supported(both, 'presence_penalty', {
    type: 'number, -2 to 2',
    default: '0',
    meaning: 'Subtracted once from the logit of every token that the output holds.',
  }),
  supported(both, 'frequency_penalty', {
    type: 'number, -2 to 2',
    default: '0',
    meaning: 'Subtracted from the logit of a token for each of its occurrences in the output.',
  }),
  supported(both, 'logit_bias', {
    type: 'object from token id to number, -100 to 100',
    default: 'none',
    meaning: 'Added to the logits of these tokens.',
  }),
  supported(both, 'allowed_token_ids', {
    type: 'array of 1 to 131072 token ids',
    default: 'all',
    meaning: 'No other token can come, the end token included.',
  }),
  supported(both, 'bad_words', {
    type: 'array of strings, at most 1000',
    default: 'none',
    meaning:
      'Words that cannot come: the token that would complete one is masked, for the word as it stands and after a space.',
  }),
  supported(both, 'seed', {
    type: '64-bit integer',
    default: 'drawn',
    meaning:
      'The same seed and request give the same tokens, whatever else the server does. Each choice has its own stream.',
  }),
  supported(both, 'n', {
    type: 'integer, 1 to 128',
    default: '1',
    meaning: 'Choices per prompt; the prompt is computed once. With `use_beam_search`: the width of the beam.',
  }),
  supported(both, 'use_beam_search', {
    type: 'boolean',
    default: 'false',
    meaning:
      'The `n` best outputs of a beam search of width `n` (as vLLM does it). Temperature, penalties and other fields that change probabilities are refused, as are `stream` and `stop`.',
  }),
  supported(both, 'length_penalty', {
    type: 'number, -10 to 10',
    default: '1',
    meaning:
      'Of beam search: outputs are ranked by log-probability divided by the length (prompt included) to this power. Only with `use_beam_search`.',
  }),
  supported(both, 'stop', {
    type: 'string or array of strings',
    default: 'none',
    meaning: 'Texts that end the output, across tokens; the output ends before the text.',
  }),
  supported(both, 'stop_token_ids', {
    type: 'array of token ids',
    default: 'none',
    meaning: 'Tokens that end the output, besides the end token of the model.',
  }),
  supported(both, 'include_stop_str_in_output', {
    type: 'boolean',
    default: 'false',
    meaning: 'Leaves the text of `stop` or of the stop token in the output.',
  }),
  supported(both, 'min_tokens', {
    type: 'integer, 0 or more',
    default: '0',
    meaning: 'End and stop tokens cannot come, and stop texts do not count, before this many tokens are out.',
  }),
  supported(both, 'ignore_eos', {
    type: 'boolean',
    default: 'false',
    meaning: 'Goes on after the end token of the model.',
  }),
  supported(both, 'repetition_detection', {
    type: 'object {max_pattern_size, min_pattern_size, min_count}',
    default: 'off',
    meaning:
      'Ends the output (`finish_reason` stop, `stop_reason` repetition_detected) when it ends in the same min_pattern_size to max_pattern_size tokens, min_count times in a row.',
  }),
];
