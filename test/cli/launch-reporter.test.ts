import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LaunchReporter } from '../../src/cli/launch-reporter.ts';
import { curlLine } from '../../src/cli/serve.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

function logTo(lines: string[]): ReturnType<typeof createLogger> {
  const destination = { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) };
  return createLogger({ level: 'info', pretty: false, destination });
}

const GIB = 2 ** 30;

describe('LaunchReporter', () => {
  it('logs one line for each phase, and packing once, however often it is told', () => {
    const lines: string[] = [];
    const reporter = new LaunchReporter(logTo(lines), null);
    for (let done = 0; done <= 100; done++)
      reporter.report({ phase: 'packing', bytesDone: done * GIB, bytesTotal: 100 * GIB });
    reporter.report({ phase: 'loading' });
    reporter.report({ phase: 'loaded', seconds: 1.234 });
    reporter.report({ phase: 'cache', explanation: 'latent cache: 1 + 1 = 2', blockSize: 16, numBlocks: 4 });
    reporter.report({ phase: 'warm-up', numTokens: 16, stepMs: 5 });
    reporter.report({ phase: 'ready', maxNumBatchedTokens: 128, maxModelLen: 1024, seconds: 2 });
    expect(lines).toEqual([
      'packing 100.0 GiB of weights for this device; later starts skip this',
      'loading the weights into ONNX Runtime',
      'weights loaded',
      'latent cache: 1 + 1 = 2',
      'engine ready',
    ]);
  });

  it('draws a bar on a terminal and takes it away', () => {
    let screen = '';
    const terminal = new Writable({
      write(chunk, _encoding, done) {
        screen += String(chunk);
        done();
      },
    });
    const tty = Object.assign(terminal, { isTTY: true, columns: 100, cursorTo: () => true, clearLine: () => true });
    const reporter = new LaunchReporter(logTo([]), tty as unknown as NodeJS.WriteStream);
    reporter.report({ phase: 'packing', bytesDone: 0, bytesTotal: 2 * GIB });
    reporter.report({ phase: 'packing', bytesDone: GIB, bytesTotal: 2 * GIB });
    reporter.stop();
    expect(screen).toContain('packing weights');
    expect(screen).toContain('50%');
    expect(screen).toContain('1.0 GiB of 2.0 GiB');
    const before = screen;
    reporter.report({ phase: 'loading' });
    expect(screen).toBe(before);
  });
});

describe('curlLine', () => {
  it('can be pasted: quotes in names survive, and the key stays out of the log', () => {
    const line = curlLine({ apiKey: ['secret'] }, { url: 'http://h:1', names: ["it's"] });
    expect(line).toContain(`"model":"it'\\''s"`);
    expect(line).toContain('-H "Authorization: Bearer $KEY"');
    expect(line).not.toContain('secret');
    expect(curlLine({ apiKey: [] }, { url: 'http://h:1', names: ['m'] })).not.toContain('Authorization');
  });
});
