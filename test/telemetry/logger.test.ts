import { expect, test } from 'vitest';
import { createLogger } from '../../src/telemetry/logger.ts';

function collect(): { lines: string[]; write(line: string): void } {
  const lines: string[] = [];
  return { lines, write: (line) => void lines.push(line) };
}

test('JSON lines, from the level on, written before the call returns', () => {
  const destination = collect();
  const logger = createLogger({ level: 'warn', pretty: false, destination });
  logger.info('not this');
  logger.warn({ requestId: 'r1' }, 'this');
  expect(destination.lines).toHaveLength(1);
  const record = JSON.parse(destination.lines[0]!) as Record<string, unknown>;
  expect(record).toMatchObject({ level: 40, requestId: 'r1', msg: 'this' });
  expect(Date.parse(record['time'] as string)).toBeGreaterThan(0);
});

test.each([true, false])('no key or token reaches the log (pretty: %s)', (pretty) => {
  const destination = collect();
  const logger = createLogger({ level: 'info', pretty, destination });
  const headers = { authorization: 'Bearer sk-secret', 'x-api-key': 'sk-secret', cookie: 'sk-secret', host: 'visible' };
  logger.info({ apiKey: 'sk-secret', apiKeys: ['sk-secret'], headers });
  logger.info({ req: { headers }, config: { http: { apiKey: 'sk-secret' }, 'api-key': 'sk-secret' } });
  logger.child({ headers }).info('child');
  const text = destination.lines.join('');
  expect(text).not.toContain('sk-secret');
  expect(text).toContain('[redacted]');
  expect(text).toContain('visible');
});

test('pretty lines are for people, also those of errors', () => {
  const destination = collect();
  const logger = createLogger({ level: 'debug', pretty: true, destination });
  logger.debug('loading');
  logger.error(new RangeError('too far'), 'failed');
  expect(destination.lines[0]).toMatch(/DEBUG.*loading\n$/);
  expect(destination.lines[1]).toMatch(/ERROR.*failed/);
  expect(destination.lines[1]).toContain('RangeError: too far');
  expect(() => JSON.parse(destination.lines[0]!)).toThrow();
});
