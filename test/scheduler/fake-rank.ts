import type { Sequence } from '../../src/scheduler/sequence.ts';
import type { ScheduledEntry, StepPlan } from '../../src/scheduler/step-plan.ts';
import { EOS } from './helpers.ts';

/** Content of one slot: everything that a real latent depends on, as one of a kind per (salt, tokens up to here). */
interface Content {
  readonly position: number;
  /** Rolling value over the tokens alone, from which the fake model samples. */
  readonly value: number;
  readonly salt: string | null;
  readonly next: Map<number, Content>;
}

/**
 * All prefixes ever seen, as a tree: two sequences get the same object for a position exactly when salt and all tokens
 * up to it are the same. No hashing, so nothing here can collide with the hashes under test.
 */
class PrefixTree {
  readonly #roots = new Map<string | null, Content>();

  root(salt: string | null): Content {
    const root = this.#roots.get(salt) ?? { position: -1, value: 17, salt, next: new Map() };
    this.#roots.set(salt, root);
    return root;
  }

  follow(parent: Content, token: number): Content {
    const known = parent.next.get(token);
    if (known !== undefined) return known;
    const value = nextValue(parent.value, token);
    const content = { position: parent.position + 1, value, salt: parent.salt, next: new Map<number, Content>() };
    parent.next.set(token, content);
    return content;
  }
}

function nextValue(value: number, token: number): number {
  return (Math.imul(value, 31) + token + 1) >>> 0;
}

function sampleFrom(value: number, vocabSize: number): number {
  return (Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 8) % vocabSize;
}

/** What a sequence outputs when nothing else runs: the same model without scheduler and cache. */
export function outputAlone(sequence: Sequence, maxModelLen: number, vocabSize: number): number[] {
  const { promptTokenIds, maxTokens, sampling } = sequence.request;
  let value = promptTokenIds.reduce(nextValue, 17);
  const output: number[] = [];
  const room = Math.min(maxTokens, maxModelLen - promptTokenIds.length);
  while (output.length < room) {
    const token = sampleFrom(value, vocabSize);
    output.push(token);
    value = nextValue(value, token);
    const ends = (token === EOS && !sampling.ignoreEos) || sampling.stopTokenIds.includes(token);
    if (ends && output.length >= sampling.minTokens) break;
  }
  return output;
}

/**
 * Stands for a rank: a cache that stores in every slot which prefix was written there. A step reads the slots of all
 * positions before each entry and finds wrong sharing, use after free and lost content by comparing.
 */
export class FakeRank {
  readonly #slots: (Content | undefined)[];
  readonly #tree = new PrefixTree();
  readonly #blockSize: number;
  readonly #vocabSize: number;

  constructor(numBlocks: number, blockSize: number, vocabSize: number) {
    this.#slots = new Array<Content | undefined>(numBlocks * blockSize);
    this.#blockSize = blockSize;
    this.#vocabSize = vocabSize;
  }

  /** Computes a step and returns the next token of every entry that samples. @throws Error when the cache is wrong */
  run(plan: StepPlan): Map<Sequence, number> {
    this.#checkWrites(plan);
    const sampled = new Map<Sequence, number>();
    const writes: [number, Content][] = [];
    for (const entry of plan.entries) {
      let content = this.#readPrefix(entry);
      for (let position = entry.start; position < entry.start + entry.count; position++) {
        content = this.#tree.follow(content, entry.sequence.tokenAt(position));
        writes.push([this.#slotOf(entry, position), content]);
      }
      if (entry.samples) sampled.set(entry.sequence, sampleFrom(content.value, this.#vocabSize));
    }
    for (const [slot, content] of writes) this.#slots[slot] = content;
    return sampled;
  }

  /** Follows the cached positions before the entry, comparing each slot with what it must hold. */
  #readPrefix(entry: ScheduledEntry): Content {
    let content = this.#tree.root(entry.sequence.request.cacheSalt);
    for (let position = 0; position < entry.start; position++) {
      content = this.#tree.follow(content, entry.sequence.tokenAt(position));
      const found = this.#slots[this.#slotOf(entry, position)];
      if (found !== content) {
        throw new Error(`sequence ${entry.sequence.id} reads foreign content at position ${position}`);
      }
    }
    return content;
  }

  /** No slot is written twice, and none that another entry reads. */
  #checkWrites(plan: StepPlan): void {
    const writers = new Map<number, Sequence>();
    for (const entry of plan.entries) {
      for (let position = entry.start; position < entry.start + entry.count; position++) {
        const slot = this.#slotOf(entry, position);
        if (writers.has(slot)) throw new Error(`slot ${slot} is written twice in a step`);
        writers.set(slot, entry.sequence);
      }
    }
    for (const entry of plan.entries) {
      for (let position = 0; position < entry.start; position++) {
        if (writers.has(this.#slotOf(entry, position))) throw new Error('a slot is read and written in one step');
      }
    }
  }

  #slotOf(entry: ScheduledEntry, position: number): number {
    const block = entry.blockTable[Math.floor(position / this.#blockSize)];
    if (block === undefined) throw new Error(`sequence ${entry.sequence.id} has no block for position ${position}`);
    return block * this.#blockSize + (position % this.#blockSize);
  }
}
