import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkNode } from '../../src/cli/check-machine.ts';
import { checkCacheFolder, checkPort } from '../../src/cli/check-place.ts';
import { type DoctorReport, renderReport, toReport } from '../../src/cli/doctor-report.ts';
import { runCli } from './support/run-cli.ts';
import { writeTinyCheckpoint } from './support/tiny-checkpoint.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'doctor-'));
});
afterAll(() => rmSync(root, { recursive: true }));

async function examine(...args: string[]): Promise<{ code: number | null; report: DoctorReport }> {
  const all = ['doctor', '--json', '--port', '0', '--cache-dir', path.join(root, 'cache'), ...args];
  const { code, stdout, stderr } = await runCli(all);
  expect(stderr).toBe('');
  return { code, report: JSON.parse(stdout) as DoctorReport };
}

describe('latent-serve doctor', () => {
  it('finds that a good checkpoint can be served, with its figures', async () => {
    const folder = writeTinyCheckpoint(path.join(root, 'good'));
    const { code, report } = await examine(folder, '--kv-cache-memory-bytes', '100k');
    expect(code).toBe(0);
    expect(report.canServe).toBe(true);
    const byId = Object.fromEntries(report.checks.map((check) => [check.id, check]));
    for (const id of ['node', 'cpu', 'memory', 'onnxruntime', 'model', 'tokenizer', 'weights', 'cache', 'port']) {
      expect(byId[id]?.status, id).toBe('ok');
    }
    expect(byId['gpu']?.status).toBe('note');
    expect(byId['onnxruntime']?.details).toMatchObject({ version: '1.30.0' });
    expect(byId['model']?.details).toMatchObject({ numLayers: 2, numRoutedExperts: 7 });
    // 2 layers x (14 + 6) values x 4 bytes; 100,000 / 160 = 625 tokens of the model's 1,024.
    expect(byId['context']).toMatchObject({
      status: 'warning',
      details: { bytesPerToken: 160, cacheTokens: 625, context: 625, maxPositionEmbeddings: 1024 },
    });
  });

  it('ends with exit code 1 and the reason when a model cannot be served', async () => {
    const folder = writeTinyCheckpoint(path.join(root, 'bad'));
    writeFileSync(path.join(folder, 'config.json'), '{}');
    const { code, report } = await examine(folder);
    expect(code).toBe(1);
    expect(report.canServe).toBe(false);
    expect(report.checks.find(({ id }) => id === 'model')).toMatchObject({ status: 'failure' });
    expect(report.checks.find(({ id }) => id === 'model')?.message).toContain(path.join(folder, 'config.json'));
  });

  it('prints a table for people', async () => {
    const folder = writeTinyCheckpoint(path.join(root, 'table'));
    const { code, stdout } = await runCli(['doctor', folder, '--port', '0', '--cache-dir', root]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {4}Node\.js +\d+\./m);
    expect(stdout).toContain('This machine can serve.');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('checks', () => {
  it.each([
    ['18.20.0', 'failure'],
    ['20.18.3', 'failure'],
    ['20.19.0', 'ok'],
    ['22.1.0', 'ok'],
    ['24.0.0', 'ok'],
  ])('Node.js %s: %s', (version, status) => expect(checkNode(version).status).toBe(status));

  it('a port in use is a warning that says so', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await checkPort('127.0.0.1', port)).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('in use'),
    });
    await new Promise((resolve) => server.close(resolve));
    expect((await checkPort('127.0.0.1', port)).status).toBe('ok');
  });

  it('a disk without room is a warning, a file in the way a failure', () => {
    expect(checkCacheFolder(path.join(root, 'new/folder'), 1000).status).toBe('ok');
    expect(checkCacheFolder(root, Number.MAX_SAFE_INTEGER)).toMatchObject({ status: 'warning' });
    const file = path.join(root, 'file');
    writeFileSync(file, '');
    expect(checkCacheFolder(path.join(file, 'x'), null)).toMatchObject({ status: 'failure' });
  });

  it('only a failure makes serving impossible', () => {
    const check = { id: 'a', title: 'A', message: 'm' };
    expect(toReport('1', [{ ...check, status: 'warning' }]).canServe).toBe(true);
    const report = toReport('1', [{ ...check, status: 'failure' }]);
    expect(report.canServe).toBe(false);
    expect(renderReport(report, true)).toContain('cannot serve');
  });
});
