import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cli, runCli } from './support/run-cli.ts';
import { writeTinyCheckpoint } from './support/tiny-checkpoint.ts';

let root: string;
let folder: string;
let running: Cli | undefined;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'serve-'));
  folder = writeTinyCheckpoint(path.join(root, 'tiny'));
});
afterEach(() => running?.child.kill('SIGKILL'));
afterAll(() => rmSync(root, { recursive: true }));

/** Starts a server on a free port and waits until it answers. */
async function start(...args: string[]): Promise<{ cli: Cli; url: string }> {
  running = new Cli(['serve', folder, '--port', '0', '--cache-dir', path.join(root, 'cache'), ...args]);
  const [, url] = await running.stdoutMatching(/listening at (http:\/\/[\d.]+:\d+)/);
  await running.stdoutMatching(/try it: curl/);
  return { cli: running, url: url! };
}

function complete(url: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${url}/v1/completions`, { method: 'POST', headers, body: JSON.stringify({ prompt: 'a', ...body }) });
}

/** Requests in the queue, as /metrics shows them. */
async function waitingRequests(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^vllm:num_requests_waiting\{.*\} (\d+)$/m.exec(text)![1]);
}

describe('latent-serve serve', () => {
  it('says what it does, serves under its names, and ends with exit code 0 at SIGTERM', async () => {
    const { cli, url } = await start('--served-model-name', 'mine', '--api-key', 'k1', '--api-key', 'k2');
    const headers = { authorization: 'Bearer k2' };
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    const { data } = (await (await fetch(`${url}/v1/models`, { headers })).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(['mine']);
    for (const alias of ['default', 'deepseek-chat']) {
      expect((await fetch(`${url}/v1/models/${alias}`, { headers })).status).toBe(200);
    }
    cli.child.kill('SIGTERM');
    const { code, stdout, stderr } = await cli.result;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`loads ${folder} on the CPU with `);
    expect(stdout).toMatch(/latent cache: .* blocks/);
    expect(stdout).not.toContain('k1');
    expect(stdout).not.toContain('k2');
  });

  it('lets streams finish after a signal, with 503 for everything new', async () => {
    const { cli, url } = await start();
    const body = { stream: true, max_tokens: 900, ignore_eos: true };
    const responses = await Promise.all(Array.from({ length: 8 }, () => complete(url, body)));
    cli.child.kill('SIGTERM');
    await cli.stdoutMatching(/SIGTERM: finishing/);
    const health = await fetch(`${url}/health`);
    const late = await complete(url, {});
    expect([health.status, late.status]).toEqual([503, 503]);
    expect(late.headers.get('retry-after')).not.toBeNull();
    for (const text of await Promise.all(responses.map((response) => response.text()))) {
      expect(text).toContain('"finish_reason":"length"');
      expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    }
    expect((await cli.result).code).toBe(0);
  });

  it.each([
    ['a second signal', [], 2],
    ['the end of --shutdown-timeout', ['--shutdown-timeout', '0.05'], 1],
  ])('ends streams with an error at %s', async (_, args, signals) => {
    const { cli, url } = await start('--max-num-seqs', '1', ...args);
    const body = { stream: true, max_tokens: 1000, ignore_eos: true };
    const first = await complete(url, body);
    const waiting = Array.from({ length: 30 }, () => complete(url, { max_tokens: 1000, ignore_eos: true }));
    while ((await waitingRequests(url)) < 25);
    cli.child.kill('SIGINT');
    if (signals === 2) {
      await cli.stdoutMatching(/SIGINT: finishing/);
      cli.child.kill('SIGINT');
    }
    const stream = await first.text();
    expect(stream.trimEnd().endsWith('data: [DONE]')).toBe(true);
    // A connection that the server never got to accept is reset; all others have an answer.
    const settled = await Promise.allSettled(waiting);
    const statuses = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value.status] : []));
    expect(statuses).toContain(503);
    expect(statuses.every((status) => status === 503 || status === 200)).toBe(true);
    expect((await cli.result).code).toBe(0);
  });

  it('ends at once when a signal comes while it loads', async () => {
    const cli = new Cli(['serve', folder, '--port', '0', '--cache-dir', path.join(root, 'fresh')]);
    running = cli;
    await cli.stdoutMatching(/loads /);
    cli.child.kill('SIGTERM');
    const { code, stdout } = await cli.result;
    expect(code).toBe(0);
    expect(stdout).toMatch(/SIGTERM: (stopped while loading|finishing)/);
  });

  it('says in one line that a port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const { code, stdout, stderr } = await runCli(['serve', folder, '--port', String(port)]);
    await new Promise((resolve) => other.close(resolve));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `latent-serve: port ${port} on 127.0.0.1 is in use by another program; choose another one with --port\n`,
    );
  });

  it('says in one line what an impossible limit is', async () => {
    const args = ['serve', folder, '--port', '0', '--cache-dir', path.join(root, 'cache'), '--max-model-len', '2k'];
    const { code, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^latent-serve: --max-model-len 2000 exceeds the 1024 positions.*\n$/);
  });
});

describe('latent-serve chat without --url', () => {
  it('starts the model for the conversation and leaves nothing behind', async () => {
    const args = ['chat', folder, '--cache-dir', path.join(root, 'cache'), '--max-tokens', '3', '--temperature', '0'];
    const { code, stdout, stderr } = await runCli(args, { input: 'Hello\n' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.endsWith('\n')).toBe(true);
  });
});
