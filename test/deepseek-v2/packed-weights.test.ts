import { describe, expect, it } from 'vitest';
import { planPackedWeights } from '../../src/deepseek-v2/packed-weights.ts';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { V2, V2_LITE } from './published-configs.ts';

/** Half-open ranges of a matrix. */
interface Rectangle {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const area = ({ rows, columns }: Rectangle): number => (rows[1] - rows[0]) * (columns[1] - columns[0]);
const overlaps = (a: Rectangle, b: Rectangle): boolean =>
  [a.rows, a.columns].every(([from, to], i) => {
    const [otherFrom, otherTo] = [b.rows, b.columns][i]!;
    return from < otherTo && otherFrom < to;
  });

describe('planPackedWeights', () => {
  it('reads the 5,291 tensors of V2-Lite, with its 15.7 billion parameters', () => {
    const { sourceShapes } = planPackedWeights(parseDeepseekV2Config(V2_LITE, 'config.json'), FLOAT32);
    expect(sourceShapes.size).toBe(5291);
    expect([...sourceShapes.values()].map(product).reduce((a, b) => a + b)).toBe(15_706_484_224);
  });

  it.each([
    ['V2-Lite', V2_LITE, FLOAT32],
    ['V2-Lite, shared experts in the stack', V2_LITE, { stream: 'bf16', experts: 'f16' }],
    ['V2, int8 experts', V2, { stream: 'bf16', experts: 'u8' }],
    ['V2, shared experts in the stack', V2, { stream: 'f16', experts: 'f16' }],
  ] as const)('puts every value of %s into exactly one place', (_, json, precision) => {
    const { tensors, sourceShapes } = planPackedWeights(parseDeepseekV2Config(json, 'config.json'), precision);
    const taken = new Map<string, Rectangle[]>();
    const misfits: string[] = [];
    for (const { name, shape, sources } of tensors) {
      let elements = 0;
      for (const source of sources) {
        for (const tensor of source.kind === 'rows' ? [source.tensor] : [source.first, source.second]) {
          const width = sourceShapes.get(tensor)!.at(-1)!;
          const columns = source.kind === 'rows' ? source.columns : undefined;
          const { from, to } = columns ?? { from: 0, to: width };
          const rectangle = { rows: [source.start, source.start + source.count], columns: [from, to] } as const;
          taken.set(tensor, [...(taken.get(tensor) ?? []), rectangle]);
          elements += area(rectangle);
        }
      }
      if (elements !== product(shape)) misfits.push(name);
    }
    for (const [name, shape] of sourceShapes) {
      const rectangles = taken.get(name) ?? [];
      const covered = rectangles.map(area).reduce((a, b) => a + b, 0);
      const overlap = rectangles.some((a, i) => rectangles.slice(i + 1).some((b) => overlaps(a, b)));
      if (overlap || covered !== product(shape)) misfits.push(name);
    }
    expect(misfits).toEqual([]);
    expect(taken.size).toBe(sourceShapes.size);
  });

  it('cuts shared experts into experts of the width of the others, behind these', () => {
    const config = parseDeepseekV2Config(V2_LITE, 'config.json');
    const { tensors } = planPackedWeights(config, { stream: 'bf16', experts: 'f16' });
    const named = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    expect(named.has('layers.1.shared_down')).toBe(false);
    expect(named.get('layers.1.experts_gate_up')!.shape).toEqual([66, 2816, 2048]);
    expect(named.get('layers.1.experts_down')!.shape).toEqual([66, 2048, 1408]);
    const shared = 'model.layers.1.mlp.shared_experts';
    expect(named.get('layers.1.experts_gate_up')!.sources.slice(64)).toEqual(
      [0, 1408].map((start) => {
        return {
          kind: 'interleave',
          first: `${shared}.gate_proj.weight`,
          second: `${shared}.up_proj.weight`,
          start,
          count: 1408,
        };
      }),
    );
    expect(named.get('layers.1.experts_down')!.sources.slice(64)).toEqual(
      [0, 1408].map((from) => {
        return {
          kind: 'rows',
          tensor: `${shared}.down_proj.weight`,
          start: 0,
          count: 2048,
          columns: { from, to: from + 1408 },
        };
      }),
    );
  });
});
