// The openai package for Node when it must try again or give up.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { baseURL, check, gauge, README_MESSAGES, rootURL, runChecks, untilIdle } from './checks.mjs';

const messages = README_MESSAGES;
const greedy = { model: 'default', temperature: 0, max_tokens: 32 };
const endless = { model: 'default', messages, ignore_eos: true };

/** A client, and the answers that it gets, those that it tries again after as well. */
function counted(options) {
  const answers = [];
  const countingFetch = async (...request) => {
    const answer = await fetch(...request);
    answers.push({ status: answer.status, headers: answer.headers, at: performance.now() });
    return answer;
  };
  return { client: new OpenAI({ baseURL, apiKey: 'EMPTY', fetch: countingFetch, ...options }), answers };
}

check('openai for Node: maxRetries and Retry-After are honoured for a 429', async () => {
  const busyURL = process.env.CLIENTS_BUSY_URL;
  const leave = new AbortController();
  const occupant = new OpenAI({ baseURL: busyURL, apiKey: 'EMPTY', maxRetries: 0 });
  const running = await occupant.chat.completions.create({ ...endless, stream: true }, { signal: leave.signal });
  await running[Symbol.asyncIterator]().next();
  const waiting = occupant.chat.completions.create({ ...endless, stream: true }, { signal: leave.signal });
  const left = waiting.then(
    () => null,
    (error) => error,
  );
  const patient = counted({ baseURL: busyURL, maxRetries: 5 });
  let answer = null;
  try {
    while ((await gauge('num_requests_waiting', busyURL.replace(/\/v1$/, ''))) === 0);
    const impatient = counted({ baseURL: busyURL, maxRetries: 0 });
    await assert.rejects(impatient.client.chat.completions.create({ ...greedy, messages }), OpenAI.RateLimitError);
    assert.equal(impatient.answers[0].headers.get('x-should-retry'), 'true');
    answer = patient.client.chat.completions.create({ ...greedy, messages });
    while (patient.answers.length === 0) await new Promise(setImmediate);
  } finally {
    leave.abort();
    await left;
  }
  const { choices } = await answer;
  assert.notEqual(choices[0].message.content, '');
  const [first, second] = patient.answers;
  assert.equal(first.status, 429);
  assert.equal(patient.answers.at(-1).status, 200);
  assert.ok(second.at - first.at >= Number(first.headers.get('retry-after')) * 1000 - 50, 'it came too early');
});

check('openai for Node: an error of the caller is not tried again', async () => {
  for (const wrong of [{ temperature: 5 }, { model: 'no-such-model' }]) {
    const { client, answers } = counted({ maxRetries: 3 });
    await assert.rejects(client.chat.completions.create({ ...greedy, messages, ...wrong }), OpenAI.APIError);
    assert.equal(answers.length, 1);
  }
});

check('openai for Node: a timeout of the client stops the request within 3 s', async () => {
  const { client } = counted({ maxRetries: 0, timeout: 300 });
  await assert.rejects(client.chat.completions.create({ ...endless, n: 16 }), OpenAI.APIConnectionTimeoutError);
  await untilIdle();
});

check('openai for Node: leaving the loop over a stream stops the request within 3 s', async () => {
  const { client } = counted({});
  for await (const _ of await client.chat.completions.create({ ...endless, n: 8, stream: true })) break;
  await untilIdle();
});

check('openai for Node: withResponse shows the headers', async () => {
  const { client } = counted({});
  const request = client.chat.completions.create({ ...greedy, messages }, { headers: { 'x-request-id': 'mine' } });
  const { data, response, request_id } = await request.withResponse();
  assert.equal(request_id, 'mine');
  assert.equal(data._request_id, 'mine');
  assert.ok(Number(response.headers.get('openai-processing-ms')) > 0);
});

check("openai for Node: DeepSeek's base URLs, and a prefix that is continued", async () => {
  const whole = await counted({}).client.chat.completions.create({ ...greedy, messages });
  for (const url of [rootURL, `${rootURL}/beta`]) {
    const { client } = counted({ baseURL: url });
    const { choices } = await client.chat.completions.create({ ...greedy, messages });
    assert.equal(choices[0].message.content, whole.choices[0].message.content);
    const beginning = { role: 'assistant', content: '1. France', prefix: true };
    const rest = await client.chat.completions.create({ ...greedy, messages: [...messages, beginning] });
    assert.doesNotMatch(rest.choices[0].message.content, /^1\. France/);
  }
});

await runChecks();
