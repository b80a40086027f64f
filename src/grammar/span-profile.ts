import type { Frame } from './frame.ts';
import { DEAD, type RuleMachine, UNKNOWN } from './rule-machine.ts';
import { addToken, addTokens, maskWords, type TokenSet, TokenSetBuilder } from './token-set.ts';
import type { TokenTrieData } from './token-trie.ts';
import type { Tracer } from './tracer.ts';
import type { TrieWalker } from './trie-walker.ts';

/** What a profile is made of. */
export interface SpanPlace {
  readonly unit: RuleMachine;
  /** State within the unit under way. */
  readonly unitState: number;
  /** The rule that holds the span, and its state after it. */
  readonly machine: RuleMachine;
  readonly after: number;
}

/**
 * The tokens that can follow inside of a span, for any count of units that must and may follow: sorted by how many units
 * a token takes up, so that a text of at most a thousand characters costs no more than one of any length.
 */
export class SpanProfile {
  readonly numBytes: number;
  /** Tokens that end inside of the span, by the units that they need. */
  readonly #byCount: Int32Array;
  readonly #countStart: Int32Array; // [most units + 2]
  readonly #all: Int32Array;
  /** Tokens that leave the span after so many units. */
  readonly #leaving: readonly (TokenSet | null)[];

  private constructor(
    inside: readonly (readonly number[])[],
    leaving: readonly (TokenSet | null)[],
    vocabSize: number,
  ) {
    this.#countStart = new Int32Array(inside.length + 1);
    inside.forEach((tokens, count) => {
      this.#countStart[count + 1] = this.#countStart[count]! + tokens.length;
    });
    this.#byCount = Int32Array.from(inside.flat());
    this.#all = new Int32Array(maskWords(vocabSize));
    for (const tokenId of this.#byCount) addToken(this.#all, tokenId);
    this.#leaving = leaving;
    const leavingBytes = leaving.reduce((sum, set) => sum + (set?.numBytes ?? 0), 0);
    this.numBytes = this.#byCount.byteLength + this.#all.byteLength + leavingBytes;
  }

  /** Goes through the whole trie once. */
  static of(place: SpanPlace, bottom: Frame, tools: ProfileTools): SpanProfile {
    const { unit, unitState } = place;
    const { trie, tracer, walker, vocabSize } = tools;
    const inside: number[][] = [[]];
    const leaving: TokenSetBuilder[] = [];
    const after = tracer.at(place.machine, place.after, bottom);
    const goesOn = Uint8Array.from({ length: 256 }, (_, byte) => Number(!tracer.step(after, byte).isDead));

    const visit = (node: number, state: number, count: number): void => {
      const end = trie.ends[node]!;
      const isBetweenUnits = count > 0 && state === unit.start;
      const row = unit.row(state);
      inside[count + 1] ??= [];
      const needingOneMore = inside[count + 1]!;
      let steps = 0;
      for (let child = node + 1; child < end; child = trie.ends[child]!) {
        steps++;
        const byte = trie.bytes[child]!;
        if (isBetweenUnits && goesOn[byte] === 1) {
          leaving[count] ??= new TokenSetBuilder();
          walker.visit(child, tracer.step(after, byte), leaving[count]);
        }
        const known = row[byte]!;
        const next = known === UNKNOWN ? unit.resolve(state, byte) : known;
        if (next === DEAD) continue;
        if (trie.tokens[child]! >= 0) walker.addTokensAt(child, needingOneMore);
        if (trie.ends[child] === child + 1) continue;
        const isOver = unit.isAccepting(next);
        if (isOver && after.isComplete) {
          leaving[count + 1] ??= new TokenSetBuilder();
          leaving[count + 1]!.exits.push(child);
        }
        visit(child, isOver ? unit.start : next, isOver ? count + 1 : count);
      }
      walker.budget.take(steps);
    };
    visit(0, unitState, 0);
    const sets = Array.from(leaving, (builder) => builder?.build(vocabSize) ?? null);
    return new SpanProfile(inside, sets, vocabSize);
  }

  /** Adds tokens that stay inside. */
  addInside(mask: Int32Array, left: number): void {
    if (left >= this.#countStart.length - 2) {
      addTokens(mask, { tokens: this.#byCount.subarray(0, 0), words: this.#all });
      return;
    }
    addTokens(mask, { tokens: this.#byCount.subarray(0, this.#countStart[left + 1]!), words: null });
  }

  /** Calls back with the sets of tokens that leave the span. */
  forEachLeaving(needed: number, left: number, visit: (set: TokenSet) => void): void {
    const most = Math.min(left, this.#leaving.length - 1);
    for (let count = Math.max(needed, 1); count <= most; count++) {
      const set = this.#leaving[count];
      if (set) visit(set);
    }
  }
}

export interface ProfileTools {
  readonly trie: TokenTrieData;
  readonly tracer: Tracer;
  readonly walker: TrieWalker;
  readonly vocabSize: number;
}
