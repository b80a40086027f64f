import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { SETTING_KEYS, variableName } from '../../src/config/settings.ts';
import { ConfigError } from '../../src/errors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(content: unknown): string {
  const name = path.join(folder, 'server.json');
  writeFileSync(name, typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

function problem(sources: Partial<Parameters<typeof loadConfig>[0]>): string {
  try {
    loadConfig({ flags: {}, env: {}, ...sources });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('defaults', () => {
  it('serve the shipped model on the loopback address', () => {
    expect(loadConfig({ flags: {}, env: {} })).toEqual({
      model: null,
      servedModelName: [],
      maxModelLen: null,
      chatTemplate: null,
      trustRequestChatTemplate: false,
      toolCallParser: 'auto',
      reasoningParser: 'none',
      generationConfig: 'auto',
      device: 'cpu',
      dtype: 'auto',
      quantization: 'none',
      cudaKernels: 'auto',
      cudaSampler: 'device',
      loadFormat: 'auto',
      numThreads: null,
      cacheDir: null,
      host: '127.0.0.1',
      port: 8000,
      apiKey: [],
      allowedOrigins: ['*'],
      shutdownTimeout: 30,
      logLevel: 'info',
      logFormat: 'auto',
      maxNumSeqs: null,
      maxNumBatchedTokens: null,
      stepTargetMs: 200,
      kvCacheMemoryBytes: null,
      kvCacheDtype: 'auto',
      gpuMemoryUtilization: 0.9,
      enablePrefixCaching: true,
      maxNumQueuedReqs: 1024,
      maxQueueWait: 300,
    });
  });

  it('are frozen, lists too', () => {
    const config = loadConfig({ flags: { apiKey: ['a'] }, env: {} });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.apiKey)).toBe(true);
    expect(Object.isFrozen(config.servedModelName)).toBe(true);
  });
});

describe('precedence', () => {
  it('is file, then environment, then flags, each setting by itself', () => {
    const name = file({ port: 1, host: 'file', 'max-num-seqs': 5, 'max-model-len': '8k' });
    const env = { LATENT_SERVE_PORT: '2', LATENT_SERVE_MAX_NUM_SEQS: '6' };
    const config = loadConfig({ flags: { port: '3' }, env, file: name });
    expect(config).toMatchObject({ port: 3, maxNumSeqs: 6, host: 'file', maxModelLen: 8000 });
  });

  it('lets a flag take a choice back with auto, a switch back with its opposite, and a list replace a list', () => {
    const name = file({ 'max-model-len': 100, 'enable-prefix-caching': false, 'api-key': ['x', 'y'] });
    const flags = { maxModelLen: 'auto', enablePrefixCaching: true, apiKey: ['z'] };
    const config = loadConfig({ flags, env: {}, file: name });
    expect(config).toMatchObject({ maxModelLen: null, enablePrefixCaching: true, apiKey: ['z'] });
  });

  it('does not look at a wrong value that something overrides', () => {
    expect(loadConfig({ flags: { port: '1' }, env: { LATENT_SERVE_PORT: 'x' } }).port).toBe(1);
  });

  it('takes the file from LATENT_SERVE_CONFIG, and --config before it', () => {
    const env = { LATENT_SERVE_CONFIG: file({ port: 7 }) };
    expect(loadConfig({ flags: {}, env }).port).toBe(7);
    expect(problem({ env, file: path.join(folder, 'none.json') })).toContain('none.json cannot be read');
  });
});

describe('environment', () => {
  it('has a variable for every setting', () => {
    const values: Partial<Record<string, string>> = {
      servedModelName: 'a,b',
      trustRequestChatTemplate: 'true',
      toolCallParser: 'json',
      reasoningParser: 'deepseek_r1',
      generationConfig: 'none',
      device: 'cuda:1',
      dtype: 'float16',
      quantization: 'int8',
      cudaKernels: 'portable',
      cudaSampler: 'host',
      loadFormat: 'dummy',
      kvCacheDtype: 'fp8',
      gpuMemoryUtilization: '0.5',
      allowedOrigins: 'https://a.example,http://localhost:3000',
      logLevel: 'debug',
      logFormat: 'json',
      enablePrefixCaching: 'off',
    };
    const env = Object.fromEntries(SETTING_KEYS.map((key) => [variableName(key), values[key] ?? '1024']));
    const config = loadConfig({ flags: {}, env });
    const defaults = loadConfig({ flags: {}, env: {} });
    for (const key of SETTING_KEYS) {
      if (key === 'maxNumQueuedReqs') continue; // the same as its default
      expect(config[key], key).not.toEqual(defaults[key]);
    }
    expect(config.servedModelName).toEqual(['a', 'b']);
  });

  it.each([
    ['true', true],
    ['0', false],
    ['NO', false],
    ['on', true],
  ])('reads the switch %s', (value, expected) => {
    const env = { LATENT_SERVE_ENABLE_PREFIX_CACHING: value };
    expect(loadConfig({ flags: {}, env }).enablePrefixCaching).toBe(expected);
  });

  it('takes an empty variable for an unset one', () => {
    expect(loadConfig({ flags: {}, env: { LATENT_SERVE_API_KEY: '', LATENT_SERVE_PORT: '' } })).toMatchObject({
      apiKey: [],
      port: 8000,
    });
  });

  it('refuses a variable that is no setting', () => {
    expect(problem({ env: { LATENT_SERVE_PROT: '1' } })).toContain('LATENT_SERVE_PROT');
  });

  it('is not confused by what Kubernetes sets for a service called latent-serve', () => {
    const env = {
      LATENT_SERVE_PORT: 'tcp://10.0.0.1:8000',
      LATENT_SERVE_PORT_8000_TCP: 'tcp://10.0.0.1:8000',
      LATENT_SERVE_PORT_8000_TCP_ADDR: '10.0.0.1',
      LATENT_SERVE_PORT_8000_TCP_PORT: '8000',
      LATENT_SERVE_PORT_8000_TCP_PROTO: 'tcp',
      LATENT_SERVE_SERVICE_HOST: '10.0.0.1',
      LATENT_SERVE_SERVICE_PORT: '8000',
      LATENT_SERVE_SERVICE_PORT_HTTP: '8000',
    };
    expect(loadConfig({ flags: {}, env }).port).toBe(8000);
  });
});

describe('file', () => {
  it('takes underscores as vLLM does, numbers and lists as JSON has them, null for auto', () => {
    const name = file({
      max_num_seqs: 3,
      served_model_name: ['a'],
      kv_cache_memory_bytes: null,
      'shutdown-timeout': 1.5,
    });
    expect(loadConfig({ flags: {}, env: {}, file: name })).toMatchObject({
      maxNumSeqs: 3,
      servedModelName: ['a'],
      kvCacheMemoryBytes: null,
      shutdownTimeout: 1.5,
    });
  });

  it.each([
    ['unknown keys', { prot: 1 }, '"prot" is no setting'],
    ['keys in two spellings', { max_num_seqs: 1, 'max-num-seqs': 2 }, '"max-num-seqs" is set twice'],
    ['what is not JSON', '{', 'is not JSON'],
    ['what is no object', '[1]', 'one JSON object'],
    ['wrong types', { port: true }, '"port" in'],
    ['names of objects', { constructor: 1 }, '"constructor" is no setting'],
  ])('refuses %s and names itself', (_, content, message) => {
    const name = file(content);
    const text = problem({ file: name });
    expect(text).toContain(message);
    expect(text).toContain(name);
  });
});

describe('errors name the setting, its source and the value', () => {
  it.each([
    [{ flags: { port: '70000' } }, '--port must be a whole number', '"70000"'],
    [{ flags: { port: '-1' } }, '--port', 'from 0 to 65,535'],
    [{ env: { LATENT_SERVE_PORT: 'abc' } }, 'LATENT_SERVE_PORT must be', '"abc"'],
    [{ flags: { maxModelLen: '8q' } }, '--max-model-len must be', '8k'],
    [{ flags: { maxModelLen: '1' } }, '--max-model-len', 'at least 2'],
    [{ flags: { kvCacheMemoryBytes: '2X' } }, '--kv-cache-memory-bytes must be', '1GiB'],
    [{ flags: { logLevel: 'loud' } }, '--log-level must be one of trace, debug', '"loud"'],
    [{ flags: { device: 'gpu' } }, '--device must be cpu, cuda or cuda:N', '"gpu"'],
    [{ flags: { gpuMemoryUtilization: '1.5' } }, '--gpu-memory-utilization must be', 'above 0'],
    [
      { flags: { allowedOrigins: ['example.com'] } },
      '--allowed-origins must be origins such as',
      'not ["example.com"]',
    ],
    [
      { env: { LATENT_SERVE_ALLOWED_ORIGINS: 'https://a.example/' } },
      'LATENT_SERVE_ALLOWED_ORIGINS must be origins such as',
    ],
    [{ flags: { apiKey: ['secret', ''] } }, '--api-key must be', 'none of them empty'],
    [{ env: { LATENT_SERVE_ENABLE_PREFIX_CACHING: 'maybe' } }, 'LATENT_SERVE_ENABLE_PREFIX_CACHING', 'true or false'],
    [{ flags: { shutdownTimeout: '1h' } }, '--shutdown-timeout must be a number of seconds', '"1h"'],
    [{ flags: { model: '' } }, '--model must be the path of a folder', '""'],
  ])('%j', (sources, ...parts) => {
    const text = problem(sources);
    for (const part of parts) expect(text).toContain(part);
    expect(text).not.toContain('\n');
    expect(text).not.toContain('secret');
  });

  it('come all at once', () => {
    const text = problem({ flags: { port: 'x', maxNumSeqs: '0' } });
    expect(text).toContain('--port');
    expect(text).toContain('--max-num-seqs');
  });
});
