import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { listeningApp, testApp } from './support/app.ts';
import { badBodies } from './support/bad-bodies.ts';

function expectErrorBody(body: string, param: string | null): void {
  const { error } = JSON.parse(body);
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(error.type).toMatch(/^(invalid_request_error|not_found_error)$/);
  expect(error.code === null || typeof error.code === 'string').toBe(true);
  expect(error.message.length).toBeGreaterThan(10);
  expect(error.message.length).toBeLessThan(600);
  expect(error.param).toBe(param);
}

describe('bad bodies', () => {
  it(`are refused with the field at fault (${badBodies.length} of them)`, async () => {
    const { app, engine } = testApp();
    for (const { url, body, param, status } of badBodies) {
      const sent = JSON.stringify(body);
      const answer = await app.inject({
        method: 'POST',
        url,
        payload: sent,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.statusCode, sent.slice(0, 200)).toBe(status);
      expect(JSON.parse(answer.body).error.param, sent.slice(0, 200)).toBe(param);
      expectErrorBody(answer.body, param);
    }
    expect(engine.submissions).toHaveLength(0);
  });

  it('are refused although numbers overflow to Infinity', async () => {
    const { app } = testApp();
    const headers = { 'content-type': 'application/json' };
    for (const field of ['temperature', 'max_tokens', 'seed', 'presence_penalty']) {
      const payload = `{"prompt":"x","${field}":1e999}`;
      const answer = await app.inject({ method: 'POST', url: '/v1/completions', payload, headers });
      expect(answer.statusCode).toBe(400);
      expectErrorBody(answer.body, field);
    }
  });
});

describe.each(['/v1/chat/completions', '/v1/completions', '/tokenize', '/detokenize'])('raw bodies to %s', (url) => {
  const post = (payload: string | Buffer, type = 'application/json') =>
    testApp().app.inject({ method: 'POST', url, payload, headers: { 'content-type': type } });

  it.each(['{"a":', '{a:1}', '[1,]', 'nonsense', '\u0000', '{"a":NaN}', "{'a':1}", '{"a":"\t"}'])(
    '%j is not JSON',
    async (raw) => {
      const answer = await post(raw);
      expect(answer.statusCode).toBe(400);
      expectErrorBody(answer.body, null);
    },
  );

  it('an empty body', async () => {
    const answer = await post('');
    expect(answer.statusCode).toBe(400);
    expectErrorBody(answer.body, null);
  });

  it('invalid UTF-8', async () => {
    const answer = await post(Buffer.from([...Buffer.from('{"prompt":"'), 0xc3, 0x28, ...Buffer.from('"}')]));
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({ code: 'invalid_utf8', param: null });
  });

  it('another content type', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'nonsense',
    ]) {
      const answer = await post('{"prompt":"x"}', type);
      expect(answer.statusCode).toBe(415);
      expectErrorBody(answer.body, null);
    }
  });

  it('a compressed body', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await testApp().app.inject({
      method: 'POST',
      url: '/v1/completions',
      headers,
      payload: gzipSync('{"prompt":"x"}'),
    });
    expect(answer.statusCode).toBe(415);
    expect(answer.json().error).toMatchObject({ code: 'unsupported_media_type', param: null });
    expect(answer.json().error.message).toContain('Content-Encoding');
  });

  it('nesting 200,000 levels deep', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = open.repeat(200_000) + (open === '[' ? '' : '1') + close.repeat(200_000);
      for (const field of ['messages', 'prompt', 'tokens', 'metadata', 'tools', 'logit_bias', 'stop']) {
        const answer = await post(`{"${field}":${deep}}`);
        expect(answer.statusCode).toBe(400);
        expect(answer.json().error.type).toBe('invalid_request_error');
      }
    }
  });
});

it('deep nesting where anything is allowed is no problem either, prototype keys inside included', async () => {
  const deep = `${'{"__proto__":1,"a":'.repeat(400)}1${'}'.repeat(400)}`;
  const answer = await testApp().app.inject({
    method: 'POST',
    url: '/v1/completions',
    payload: `{"prompt":"x","metadata":${deep},"unknown_field":${deep}}`,
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.statusCode).toBe(200);
});

it('keys that aim at the prototype are harmless', async () => {
  const { app } = testApp();
  const payload =
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prompt":"x","logit_bias":{"__proto__":{"polluted":1}}}';
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/completions',
    payload,
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.statusCode).toBe(200);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

describe('too large', () => {
  it('50 MB are refused with 413, declared or chunked, and the server goes on', async () => {
    const { baseUrl } = await listeningApp();
    const block = Buffer.alloc(1024 * 1024, 'x');
    const post = (body: string | Buffer) =>
      fetch(`${baseUrl}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        duplex: 'half',
      } as RequestInit);
    const outcome = await post(Buffer.alloc(50 * block.length, 'x')).then(
      async (answer) => ({ status: answer.status, body: await answer.text() }),
      // The server closes a connection whose body it will not read; a client that is still writing may see that first.
      () => null,
    );
    if (outcome !== null) {
      expect(outcome.status).toBe(413);
      expectErrorBody(outcome.body, null);
    }
    const healthy = await post('{"prompt":"x"}');
    expect(healthy.status).toBe(200);
  });

  it.each([
    ['declared', (size: number) => `Content-Length: ${size}\r\n\r\n`],
    ['chunked', (size: number) => `Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n`],
  ])('a client that reads while it writes sees the 413 (%s)', async (_, head) => {
    const { port } = await listeningApp();
    const size = 50 * 1024 * 1024;
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', () => {});
    socket.write(`POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${head(size)}`);
    const block = Buffer.alloc(256 * 1024, 'x');
    for (let sent = 0; sent < size && socket.writable && answer === ''; sent += block.length) {
      await new Promise((resolve) => socket.write(block, resolve));
    }
    await new Promise((resolve) => (socket.destroyed ? resolve(null) : socket.once('close', resolve)));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expectErrorBody(answer.slice(answer.indexOf('\r\n\r\n') + 4), null);
  });

  it('a configured limit holds', async () => {
    const { app } = testApp(undefined, { bodyLimit: 100 });
    const answer = await app.inject({ method: 'POST', url: '/tokenize', payload: { prompt: 'x'.repeat(100) } });
    expect(answer.statusCode).toBe(413);
    expect(answer.json().error.code).toBe('request_too_large');
  });
});

describe('broken HTTP', () => {
  const send = async (bytes: string): Promise<string> => {
    const { port } = await listeningApp();
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
    return answer;
  };

  it('is answered with the error body and closed', async () => {
    const answer = await send('NONSENSE\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expectErrorBody(answer.slice(answer.indexOf('\r\n\r\n') + 4), null);
  });

  it('with huge headers is a 431', async () => {
    const answer = await send(`GET /health HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(100_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expectErrorBody(answer.slice(answer.indexOf('\r\n\r\n') + 4), null);
  });
});
