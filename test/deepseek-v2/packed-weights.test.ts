import { describe, expect, it } from 'vitest';
import { planPackedWeights } from '../../src/deepseek-v2/packed-weights.ts';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { V2, V2_LITE } from './published-configs.ts';

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

describe('planPackedWeights', () => {
  it('reads the 5,291 tensors of V2-Lite, with its 15.7 billion parameters', () => {
    const { sourceShapes } = planPackedWeights(parseDeepseekV2Config(V2_LITE, 'config.json'));
    expect(sourceShapes.size).toBe(5291);
    expect([...sourceShapes.values()].map(product).reduce((a, b) => a + b)).toBe(15_706_484_224);
  });

  it.each([
    ['V2-Lite', V2_LITE],
    ['V2', V2],
  ])('puts every row of %s into exactly one place', (_, json) => {
    const { tensors, sourceShapes } = planPackedWeights(parseDeepseekV2Config(json, 'config.json'));
    const taken = new Map<string, [start: number, end: number][]>();
    const misfits: string[] = [];
    for (const { name, shape, sources } of tensors) {
      let elements = 0;
      for (const source of sources) {
        const start = source.kind === 'rows' ? source.start : 0;
        for (const tensor of source.kind === 'rows' ? [source.tensor] : [source.first, source.second]) {
          const ranges = taken.get(tensor) ?? [];
          taken.set(tensor, ranges);
          ranges.push([start, start + source.count]);
          elements += source.count * sourceShapes.get(tensor)!.at(-1)!;
        }
      }
      if (elements !== product(shape)) misfits.push(name);
    }
    for (const [name, shape] of sourceShapes) {
      let row = 0;
      for (const [start, end] of (taken.get(name) ?? []).sort((a, b) => a[0] - b[0])) row = start === row ? end : -1;
      if (row !== (shape.length === 1 ? 1 : shape[0])) misfits.push(name);
    }
    expect(misfits).toEqual([]);
    expect(taken.size).toBe(sourceShapes.size);
  });
});
