import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { FreeBlockQueue } from '../../src/kv-cache/free-block-queue.ts';

describe('FreeBlockQueue', () => {
  it('starts with all blocks in ascending order', () => {
    expect([...new FreeBlockQueue(4).blocks()]).toEqual([0, 1, 2, 3]);
  });

  it('pops from the front and pushes to either end', () => {
    const queue = new FreeBlockQueue(4);
    expect([queue.pop(), queue.pop(), queue.pop()]).toEqual([0, 1, 2]);
    queue.pushBack(1);
    queue.pushFront(2);
    expect([...queue.blocks()]).toEqual([2, 3, 1]);
    expect(queue.length).toBe(3);
  });

  it('removes from the middle, the front and the back', () => {
    const queue = new FreeBlockQueue(5);
    queue.remove(2);
    queue.remove(0);
    queue.remove(4);
    expect([...queue.blocks()]).toEqual([1, 3]);
    expect([0, 1, 2, 3, 4].map((block) => queue.has(block))).toEqual([false, true, false, true, false]);
  });

  it('empties and fills again', () => {
    const queue = new FreeBlockQueue(1);
    expect(queue.pop()).toBe(0);
    expect([...queue.blocks()]).toEqual([]);
    queue.pushFront(0);
    expect([...queue.blocks()]).toEqual([0]);
    queue.pop();
    queue.refill();
    expect(queue.length).toBe(1);
  });

  it('refuses what would break it', () => {
    const queue = new FreeBlockQueue(2);
    expect(() => queue.pushBack(1)).toThrow(InvariantError);
    queue.pop();
    expect(() => queue.remove(0)).toThrow(InvariantError);
    queue.pop();
    expect(() => queue.pop()).toThrow(InvariantError);
  });
});
