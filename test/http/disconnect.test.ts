import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { HttpObservation } from '../../src/http/app-options.ts';
import { hasWatchedRequest } from '../../src/http/client-watch.ts';
import {
  type Script,
  ScriptedEngine,
  say,
  stallAfterFirstWord,
  stayQueued,
} from '../openai/support/scripted-engine.ts';
import { listeningApp } from './support/app.ts';
import { holdEncoding } from './support/hold-encoding.ts';

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });

const bodies: Record<string, { path: string; body: object }> = {
  chat: { path: '/v1/chat/completions', body: { messages: [{ role: 'user', content: 'q' }] } },
  completions: { path: '/v1/completions', body: { prompt: 'q' } },
};

/** The bytes of one keep-alive request. */
function raw(path: string, body: object): string {
  const payload = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`;
}

const received = (socket: Socket, text: string): Promise<void> =>
  new Promise((resolve) => {
    let all = '';
    socket.on('data', (data) => {
      all += data;
      if (all.includes(text)) resolve();
    });
  });

const cases = Object.keys(bodies).flatMap((endpoint) =>
  [1, 3].flatMap((n) =>
    [
      { phase: 'mid-stream', script: stallAfterFirstWord, stream: true },
      { phase: 'streaming, still queued', script: stayQueued, stream: true },
      { phase: 'not streaming, running', script: stallAfterFirstWord, stream: false },
      { phase: 'not streaming, still queued', script: stayQueued, stream: false },
    ].map((each) => ({ endpoint, n, ...each })),
  ),
);

describe('a client that leaves aborts the engine', () => {
  it.each(cases)('$endpoint, n = $n, $phase', async ({ endpoint, n, phase, script, stream }) => {
    const observed: HttpObservation[] = [];
    const metrics = {
      render: async () => ({ contentType: '', body: '' }),
      onHttpRequest: (o: HttpObservation) => observed.push(o),
    };
    const { engine, port } = await listeningApp(new ScriptedEngine(script), { metrics });
    const { path, body } = bodies[endpoint] ?? { path: '', body: {} };
    const submission = engine.nextSubmission();
    const socket = connect(port, '127.0.0.1');
    const firstWord = received(socket, 'word');
    socket.write(raw(path, { ...body, n, stream }));
    const { requests, signal } = await submission;
    expect(requests).toHaveLength(n);
    if (phase === 'mid-stream') await firstWord;
    expect(signal.aborted).toBe(false);
    socket.destroy();
    await expect(aborted(signal)).resolves.toMatchObject({ name: 'ClientGone' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(observed).toMatchObject([{ handler: path, method: 'POST', status: 499 }]);
  });

  it('on a connection that was kept alive, with a well-behaved client', async () => {
    const { app, engine, port } = await listeningApp(new ScriptedEngine(say('Hi')));
    const peers: Socket[] = [];
    app.server.on('connection', (peer: Socket) => peers.push(peer));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (stream: boolean) => {
      const request = httpRequest({
        port,
        agent,
        path: '/v1/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      });
      request.on('error', () => {});
      request.end(JSON.stringify({ prompt: 'q', stream }));
      return request;
    };
    for (const stream of [true, false]) {
      await new Promise<void>((resolve) => post(stream).on('response', (answer) => answer.on('end', resolve).resume()));
    }
    // One connection, and nothing of the finished requests is kept for it.
    expect(peers.map(hasWatchedRequest)).toEqual([false]);
    engine.script = stallAfterFirstWord;
    const submission = engine.nextSubmission();
    const third = post(true);
    const [first, second] = engine.submissions;
    const { signal } = await submission;
    expect(peers.map(hasWatchedRequest)).toEqual([true]);
    third.destroy();
    await aborted(signal);
    // The earlier requests of the same connection were complete; its end is none of their business.
    expect([first?.signal.aborted, second?.signal.aborted]).toEqual([false, false]);
    agent.destroy();
  });

  it.each([true, false])('pipelined requests, all of them (stream: %s)', async (stream) => {
    const { engine, port } = await listeningApp(new ScriptedEngine(stallAfterFirstWord));
    const socket = connect(port, '127.0.0.1');
    const three = engine.nextSubmission().then(async () => {
      while (engine.submissions.length < 3) await engine.nextSubmission();
    });
    socket.write(raw('/v1/completions', { prompt: 'a', stream }).repeat(3));
    await three;
    expect(engine.submissions.map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
    socket.destroy();
    await Promise.all(engine.submissions.map(({ signal }) => aborted(signal)));
  });

  it('a pipelined request is aborted although the one before it is answered', async () => {
    const scripts: Script[] = [say('Hi'), stayQueued];
    const { engine, port } = await listeningApp(
      new ScriptedEngine((request, signal, index) => (scripts.shift() ?? stayQueued)(request, signal, index)),
    );
    const socket = connect(port, '127.0.0.1');
    const answered = received(socket, '"finish_reason":"stop"');
    const submitted = engine.nextSubmission().then(() => engine.submissions[1] ?? engine.nextSubmission());
    socket.write(raw('/v1/completions', { prompt: 'a' }).repeat(2));
    await answered;
    const second = await submitted;
    socket.destroy();
    await aborted(second.signal);
    expect(engine.submissions[0]?.signal.aborted).toBe(false);
  });

  it('a hundred pipelined requests cost one listener', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const { engine, port } = await listeningApp(new ScriptedEngine(stayQueued));
    const socket = connect(port, '127.0.0.1');
    socket.write(raw('/v1/completions', { prompt: 'a', stream: true }).repeat(100));
    while (engine.submissions.length < 100) await engine.nextSubmission();
    socket.destroy();
    await Promise.all(engine.submissions.map(({ signal }) => aborted(signal)));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('one that leaves while its prompt is encoded is never submitted', async () => {
    const { app, model, engine, port } = await listeningApp();
    const encoding = holdEncoding(model);
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) =>
      app.server.once('connection', (peer: Socket) => peer.once('close', resolve)),
    );
    socket.write(raw('/v1/completions', { prompt: 'q' }));
    await encoding.started;
    socket.destroy();
    await closed;
    encoding.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(engine.submissions).toHaveLength(0);
  });

  it('garbage behind a running stream ends it without a second answer', async () => {
    const { engine, port } = await listeningApp(new ScriptedEngine(stallAfterFirstWord));
    const submission = engine.nextSubmission();
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    const firstWord = received(socket, 'word');
    socket.write(raw('/v1/completions', { prompt: 'q', stream: true }));
    await firstWord;
    socket.write('NONSENSE\r\n\r\n');
    await aborted((await submission).signal);
    await new Promise((resolve) => (socket.destroyed ? resolve(null) : socket.once('close', resolve)));
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});
