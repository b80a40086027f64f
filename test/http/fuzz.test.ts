import fc from 'fast-check';
import { expect, it } from 'vitest';
import { messagesParameters } from '../../src/openai/messages/messages-parameters.ts';
import type { Endpoint, Parameter } from '../../src/openai/parameter.ts';
import { parameterTable } from '../../src/openai/parameter-table.ts';
import { responsesParameters } from '../../src/openai/responses/responses-parameters.ts';
import { testApp } from './support/app.ts';
import { expectRefusal } from './support/refusal.ts';

const RUNS = 500;

const oddNumber = fc.constantFrom(0, -1, 1, 2, 0.5, 20, 21, 257, 1e9, 2 ** 53, 1e300, -1e300, Number.MIN_VALUE);
const value = fc.oneof(
  { weight: 3, arbitrary: oddNumber },
  { weight: 2, arbitrary: fc.boolean() },
  { weight: 2, arbitrary: fc.constantFrom(null, '', 'x', 'none', 'auto', '__proto__', '\ud800', 'text') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.array(oddNumber, { maxLength: 4 }) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ maxLength: 30 }));
const part = fc.oneof(
  fc.record({ type: fc.constantFrom('text', 'text', 'image_url'), text }, { requiredKeys: ['type'] }),
  value,
);
const message = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      role: fc.constantFrom('system', 'user', 'assistant', 'developer'),
      content: fc.oneof({ weight: 20, arbitrary: text }, fc.array(part, { maxLength: 3 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ role: value, content: value, tool_calls: value }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: value },
);
const prompt = fc.oneof(
  text,
  fc.array(text, { maxLength: 3 }),
  fc.array(fc.nat(270), { maxLength: 5 }),
  fc.array(fc.array(fc.nat(255), { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
  value,
);
const n = fc.constantFrom(1, 1, 2, 3);
const plausible = {
  temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  top_p: fc.double({ min: 0, max: 1, noNaN: true }),
  max_tokens: fc.integer({ min: 1, max: 300 }),
  n,
  stream: fc.boolean(),
  stop: fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 3 }),
  seed: fc.maxSafeInteger(),
  logit_bias: fc.dictionary(fc.nat(259).map(String), fc.double({ min: -100, max: 100, noNaN: true })),
  return_token_ids: fc.boolean(),
};

const messages = fc.array(message, { minLength: 1, maxLength: 4 });
const turns = fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content: fc.oneof(text, value) }), {
  minLength: 1,
  maxLength: 4,
});
const { temperature, top_p, max_tokens, stream } = plausible;

const SENSIBLE: Record<Endpoint, fc.Arbitrary<object>> = {
  chat: fc.record({ messages, ...plausible, logprobs: fc.boolean() }, { requiredKeys: ['messages'] }),
  completions: fc.record(
    { prompt, ...plausible, logprobs: fc.nat(5), echo: fc.boolean() },
    { requiredKeys: ['prompt'] },
  ),
  responses: fc.record(
    { input: fc.oneof(text, turns), instructions: text, temperature, top_p, max_output_tokens: max_tokens, stream },
    { requiredKeys: ['input'] },
  ),
  messages: fc.record(
    {
      messages: turns,
      max_tokens,
      system: text,
      temperature: fc.double({ min: 0, max: 1, noNaN: true }),
      top_p,
      stop_sequences: plausible.stop,
      stream,
    },
    { requiredKeys: ['messages', 'max_tokens'] },
  ),
};
const ALL_PARAMETERS: readonly Parameter[] = [...parameterTable, ...responsesParameters, ...messagesParameters];

/** Mostly sensible bodies with up to three fields replaced by anything. */
function bodies(endpoint: Endpoint) {
  const fields = ALL_PARAMETERS.filter(({ endpoints, name }) => endpoints.includes(endpoint) && !name.includes('.'));
  const odd = fc.dictionary(fc.constantFrom(...fields.map(({ name }) => name)), value, { maxKeys: 3 });
  const sensible = SENSIBLE[endpoint];
  return fc.oneof(
    { weight: 3, arbitrary: sensible },
    { weight: 3, arbitrary: fc.tuple(sensible, odd).map(([base, extra]) => ({ ...base, ...extra })) },
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  );
}

const LAST_EVENTS = /(?:^|\n)(?:data: \[DONE\]|event: (?:message_stop|response\.(?:completed|incomplete))\n.*)\n\n$/;

it.each([
  ['chat', '/v1/chat/completions'],
  ['completions', '/v1/completions'],
  ['responses', '/v1/responses'],
  ['messages', '/v1/messages'],
] as const)('random bodies to %s are answered or refused, never a server error', async (endpoint, url) => {
  const { app } = testApp();
  const seen = { answered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(bodies(endpoint), async (body) => {
      const answer = await app.inject({
        method: 'POST',
        url,
        payload: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      if (answer.statusCode !== 200) {
        seen.refused++;
        expectRefusal(answer, endpoint === 'messages' ? 'anthropic' : 'openai');
        return;
      }
      seen.answered++;
      const isStream = String(answer.headers['content-type']).startsWith('text/event-stream');
      if (isStream) expect(answer.body).toMatch(LAST_EVENTS);
      else expect(typeof answer.json().id).toBe('string');
    }),
    { numRuns: RUNS },
  );

  // The generator must reach both sides.
  expect(seen.answered).toBeGreaterThan(RUNS / 20);
  expect(seen.refused).toBeGreaterThan(RUNS / 20);
});

it.each(['/tokenize', '/detokenize'])('random bodies to %s', async (url) => {
  const { app } = testApp();
  const body = fc.oneof(
    fc.record(
      { prompt: text, messages: fc.array(message), tokens: fc.array(fc.nat(270)), model: value },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  );
  await fc.assert(
    fc.asyncProperty(body, async (payload) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await app.inject({ method: 'POST', url, payload: JSON.stringify(payload), headers });
      if (answer.statusCode !== 200) expectRefusal(answer, 'openai');
    }),
    { numRuns: 500 },
  );
});
