import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nestsDeeperThan } from '../../src/http/json-depth.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

it('knows how deep any JSON text nests, whatever its strings hold', () => {
  const property = fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 1), (value, indent) => {
    const json = Buffer.from(JSON.stringify(value, null, indent));
    const depth = depthOf(value);
    expect(nestsDeeperThan(depth, json)).toBe(false);
    if (depth > 0) expect(nestsDeeperThan(depth - 1, json)).toBe(true);
  });
  fc.assert(property, { numRuns: 300 });
  const brackets = JSON.stringify({ 'a"[[\\': '[[[{{{"\\' });
  expect(nestsDeeperThan(1, Buffer.from(brackets))).toBe(false);
});

it('leaves broken texts to the parser', () => {
  for (const text of ['', '"[[[[', '"\\', ']]]]', '[[']) expect(nestsDeeperThan(2, Buffer.from(text))).toBe(false);
});
