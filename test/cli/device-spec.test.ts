import { describe, expect, it } from 'vitest';
import { cacheDtypeName, maxNumSeqsOf, toDeviceSpec } from '../../src/cli/device-spec.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { ConfigError } from '../../src/errors.ts';
import { precisionOf } from '../../src/ranks/device-spec.ts';

const specOf = (flags: Record<string, string>) => toDeviceSpec(loadConfig({ flags, env: {} }));

describe('toDeviceSpec', () => {
  it.each([
    ['auto', 'none', { stream: 'bf16', experts: 'f16' }],
    ['auto', 'int8', { stream: 'bf16', experts: 'u8' }],
    ['float16', 'int8', { stream: 'f16', experts: 'u8' }],
    ['float32', 'int8', { stream: 'f32', experts: 'u8' }],
    ['float32', 'none', { stream: 'f32', experts: 'f32' }],
  ])('--dtype %s --quantization %s on a GPU', (dtype, quantization, precision) => {
    expect(precisionOf(specOf({ device: 'cuda', dtype, quantization }))).toEqual(precision);
  });

  it.each(['fp8', 'int8'])('takes the element types of a GPU, latents in %s', (kvCacheDtype) => {
    expect(specOf({ device: 'cuda:1', kvCacheDtype })).toMatchObject({
      type: 'cuda',
      index: 1,
      precision: { stream: 'bf16' },
      kvCacheDtype,
    });
  });

  it.each([
    [{ dtype: 'bfloat16' }, '--dtype bfloat16 needs --device cuda'],
    [{ quantization: 'int8' }, '--quantization int8 needs --device cuda'],
    [{ kvCacheDtype: 'fp8' }, '--kv-cache-dtype fp8 needs --device cuda'],
    [{ kvCacheDtype: 'int8' }, '--kv-cache-dtype int8 needs --device cuda'],
  ])('refuses %j on the CPU', (flags, message) => {
    expect(() => specOf(flags)).toThrow(ConfigError);
    expect(() => specOf(flags)).toThrow(message);
  });
});

it.each([
  [{}, 'float32'],
  [{ device: 'cuda' }, 'bfloat16'],
  [{ device: 'cuda', dtype: 'float16' }, 'float16'],
  [{ device: 'cuda', dtype: 'float16', kvCacheDtype: 'fp8' }, 'fp8'],
  [{ device: 'cuda', kvCacheDtype: 'int8' }, 'int8'],
])('latents with %j are cached in %s', (flags, name) => {
  expect(cacheDtypeName(specOf(flags))).toBe(name);
});

it.each([
  [{}, 64],
  [{ device: 'cuda' }, 256],
  [{ device: 'cuda', maxNumSeqs: '7' }, 7],
])('%j runs up to %i sequences at once', (flags, count) => {
  expect(maxNumSeqsOf(loadConfig({ flags, env: {} }))).toBe(count);
});
