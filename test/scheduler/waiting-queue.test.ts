import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { compareRank, type Sequence } from '../../src/scheduler/sequence.ts';
import { WaitingQueue } from '../../src/scheduler/waiting-queue.ts';
import { makeSequence } from './helpers.ts';

function arrivals(priorities: readonly number[]): Sequence[] {
  return priorities.map((priority, i) => {
    const sequence = makeSequence(i, [1], { priority });
    sequence.arrivalOrder = i;
    return sequence;
  });
}

function drain(queue: WaitingQueue): Sequence[] {
  const drained: Sequence[] = [];
  for (let next = queue.peek(); next !== null; next = queue.peek()) {
    drained.push(next);
    queue.remove(next);
  }
  return drained;
}

describe('WaitingQueue', () => {
  it('orders by priority, then by arrival', () => {
    const queue = new WaitingQueue();
    for (const sequence of arrivals([1, 0, -2, 1, 0])) queue.push(sequence);
    expect(drain(queue).map((sequence) => sequence.id)).toEqual([2, 1, 4, 0, 3]);
    expect(queue.length).toBe(0);
  });

  it('agrees with sorting whatever is added and removed', () => {
    const change = fc.record({ priority: fc.integer({ min: -3, max: 3 }), removes: fc.boolean(), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const queue = new WaitingQueue();
        let model: Sequence[] = [];
        const sequences = arrivals(changes.map(({ priority }) => priority));
        changes.forEach(({ removes, pick }, i) => {
          const victim = removes ? model[pick % Math.max(1, model.length)] : undefined;
          if (victim) {
            queue.remove(victim);
            model = model.filter((sequence) => sequence !== victim);
          } else {
            queue.push(sequences[i]!);
            model.push(sequences[i]!);
          }
          model.sort(compareRank);
          expect(queue.peek()).toBe(model[0] ?? null);
          expect(queue.length).toBe(model.length);
        });
        expect(drain(queue)).toEqual(model);
      }),
    );
  });

  it('refuses a sequence twice and the removal of a stranger', () => {
    const queue = new WaitingQueue();
    const [sequence] = arrivals([0]);
    queue.push(sequence!);
    expect(() => queue.push(sequence!)).toThrow(InvariantError);
    queue.remove(sequence!);
    expect(() => queue.remove(sequence!)).toThrow(InvariantError);
  });
});
