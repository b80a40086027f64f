import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parameterTable } from '../../src/openai/parameter-table.ts';
import { framesOf, testApp } from './support/app.ts';

const RUNS = 700;

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

/** Mostly sensible bodies with up to three fields replaced by anything. */
function bodies(endpoint: 'chat' | 'completions') {
  const fields = parameterTable.filter((parameter) => parameter.endpoints.includes(endpoint)).map((p) => p.name);
  const sensible =
    endpoint === 'chat'
      ? fc.record(
          { messages: fc.array(message, { minLength: 1, maxLength: 4 }), ...plausible, logprobs: fc.boolean() },
          { requiredKeys: ['messages'] },
        )
      : fc.record({ prompt, ...plausible, logprobs: fc.nat(5), echo: fc.boolean() }, { requiredKeys: ['prompt'] });
  const odd = fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 3 });
  return fc.oneof(
    { weight: 3, arbitrary: sensible },
    { weight: 3, arbitrary: fc.tuple(sensible, odd).map(([base, extra]) => ({ ...base, ...extra })) },
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  );
}

it.each([
  ['chat', '/v1/chat/completions'],
  ['completions', '/v1/completions'],
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
      if (answer.statusCode === 200) {
        seen.answered++;
        const isStream = String(answer.headers['content-type']).startsWith('text/event-stream');
        if (isStream) expect(framesOf(answer.body).at(-1)).toBe('[DONE]');
        else expect(answer.json().choices.length).toBeGreaterThan(0);
        return;
      }
      seen.refused++;
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
      expect(answer.statusCode).toBeLessThan(500);
      const { error } = answer.json();
      expect(typeof error.message).toBe('string');
      expect(error).toMatchObject({ type: expect.stringMatching(/_error$/) });
      expect(error.param === null || typeof error.param === 'string').toBe(true);
      expect(error.code === null || typeof error.code === 'string').toBe(true);
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
      expect(answer.statusCode).toBeLessThan(500);
    }),
    { numRuns: 500 },
  );
});
