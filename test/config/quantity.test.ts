import { describe, expect, it } from 'vitest';
import { parseByteCount, parseCount } from '../../src/config/quantity.ts';

describe('parseCount', () => {
  // The examples of vLLM's human_readable_int, and its decimal and binary suffixes.
  it.each([
    ['4096', 4096],
    ['1k', 1000],
    ['1K', 1024],
    ['25.6k', 25_600],
    ['8k', 8000],
    ['1M', 1_048_576],
    ['1m', 1_000_000],
    ['2G', 2_147_483_648],
    [' 16 ', 16],
    ['0', 0],
  ])('reads %s', (text, value) => expect(parseCount(text)).toBe(value));

  it.each([
    '',
    'k',
    '-1',
    '1.5',
    '8q',
    '1e3',
    '0x10',
    '8kk',
    '1GiB',
    'NaN',
    'Infinity',
    '1.0001k',
    '99999999T',
    '8constructor',
  ])('refuses %s', (text) => expect(parseCount(text)).toBeNull());
});

describe('parseByteCount', () => {
  it.each([
    ['512M', 536_870_912],
    ['2G', 2_147_483_648],
    ['1GiB', 1_073_741_824],
    ['1Gi', 1_073_741_824],
    ['1GB', 1_000_000_000],
    ['1.5GiB', 1_610_612_736],
    ['1.5 GB', 1_500_000_000],
    ['100B', 100],
    ['12345', 12_345],
  ])('reads %s', (text, value) => expect(parseByteCount(text)).toBe(value));

  it.each(['1gib', '1.5B', 'GiB', '-1G', '1 G B'])('refuses %s', (text) => expect(parseByteCount(text)).toBeNull());
});
