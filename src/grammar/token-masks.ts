import { Frame } from './frame.ts';
import type { LoadedGrammar } from './loaded-grammar.ts';
import type { Position, Positions, SpanState } from './positions.ts';
import { residualKey } from './residual-key.ts';
import type { RuleMachine } from './rule-machine.ts';
import { SpanProfile } from './span-profile.ts';
import type { StepBudget } from './step-budget.ts';
import { addToken, addTokens, type TokenSet, TokenSetBuilder } from './token-set.ts';
import type { TokenTrieData } from './token-trie.ts';
import { TrieWalker } from './trie-walker.ts';

/** What is kept of earlier masks; when it is more, all is dropped and comes back as it is needed. */
const MAX_CACHED_BYTES = 96 * 1024 * 1024;

/** Parts of masks of one rule, by state. */
interface RuleSets {
  readonly byState: Map<number, TokenSet>;
  readonly profiles: Map<string, SpanProfile>;
  /** Keys of what follows a state; see {@link residualKey}. */
  readonly residuals: Map<number, string | null>;
}

/**
 * Masks over one vocabulary. What can follow in a state is found once, up to the end of the state's rule; the rest of a
 * token that goes beyond it is followed through the calling rules, and that is found once per stack of calls.
 */
export class TokenMasks {
  readonly vocabSize: number;
  readonly #trie: TokenTrieData;
  readonly #eosTokenIds: readonly number[];
  #rules = new WeakMap<RuleMachine, RuleSets>();
  #afterExit = new WeakMap<Frame, Map<TokenSet, Int32Array>>();
  #numBytes = 0;

  constructor(trie: TokenTrieData, eosTokenIds: readonly number[]) {
    this.#trie = trie;
    this.#eosTokenIds = eosTokenIds;
    this.vocabSize = trie.twins.length;
  }

  /** Bytes that a token spells; none for special tokens. */
  spelling(tokenId: number): Uint8Array {
    return this.#trie.spellings.subarray(this.#trie.offsets[tokenId]!, this.#trie.offsets[tokenId + 1]!);
  }

  /**
   * Sets the bits of the tokens that can come next, and of the end tokens where the output may end.
   * @param mask [ceil(vocabSize / 32)]
   * @throws GrammarError when that takes too long
   */
  fill(mask: Int32Array, positions: Positions, grammar: LoadedGrammar, budget: StepBudget): void {
    if (this.#numBytes > MAX_CACHED_BYTES) this.#forget();
    budget.renew();
    const walker = new TrieWalker(this.#trie, grammar.tracer, budget);
    mask.fill(0);
    for (const position of positions.items) {
      const { machine, state, span, frame } = position;
      if (span !== null) {
        this.#fillFromSpan(mask, position, span, grammar, walker);
        continue;
      }
      this.#add(mask, this.#setOf(machine, state, walker), frame, grammar, walker);
      for (const { operand } of machine.tokens(state)) if (operand < this.vocabSize) addToken(mask, operand);
    }
    if (positions.isComplete) for (const tokenId of this.#eosTokenIds) addToken(mask, tokenId);
  }

  #fillFromSpan(mask: Int32Array, at: Position, span: SpanState, grammar: LoadedGrammar, walker: TrieWalker): void {
    const profile = this.#profileOf(at, span, grammar, walker);
    profile.addInside(mask, span.left);
    profile.forEachLeaving(span.needed, span.left, (set) => this.#add(mask, set, at.frame, grammar, walker));
  }

  #add(mask: Int32Array, set: TokenSet, frame: Frame, grammar: LoadedGrammar, walker: TrieWalker): void {
    addTokens(mask, set);
    if (set.exits.length === 0 || frame.outer === null) return;
    const beyond = this.#tokensAfter(set, frame, grammar, walker);
    for (let i = 0; i < beyond.length; i++) addToken(mask, beyond[i]!);
  }

  #setOf(machine: RuleMachine, state: number, walker: TrieWalker): TokenSet {
    const { byState } = this.#setsOf(machine);
    let set = byState.get(state);
    if (set === undefined) {
      const builder = new TokenSetBuilder();
      walker.walkState(0, machine, state, Frame.bottom(), builder);
      set = builder.build(this.vocabSize);
      byState.set(state, set);
      this.#numBytes += set.numBytes;
    }
    return set;
  }

  /** Spans of the same unit before the same rest of a rule, as in strings of any length, share a profile. */
  #profileOf(at: Position, span: SpanState, grammar: LoadedGrammar, walker: TrieWalker): SpanProfile {
    const { residuals } = this.#setsOf(at.machine);
    let residual = residuals.get(at.state);
    if (residual === undefined) {
      residual = residualKey(at.machine, at.state);
      residuals.set(at.state, residual);
    }
    const { profiles } = this.#setsOf(residual === null ? at.machine : span.unit);
    const key = residual === null ? `${span.span} ${span.unitState} ${at.state}` : `${span.unitState} ${residual}`;
    let profile = profiles.get(key);
    if (profile === undefined) {
      const place = { unit: span.unit, unitState: span.unitState, machine: at.machine, after: at.state };
      profile = SpanProfile.of(place, Frame.bottom(), {
        trie: this.#trie,
        tracer: grammar.tracer,
        walker,
        vocabSize: this.vocabSize,
      });
      profiles.set(key, profile);
      this.#numBytes += profile.numBytes;
    }
    return profile;
  }

  /** Tokens that leave the rule by one of the set's exits and go on in the frame. */
  #tokensAfter(set: TokenSet, frame: Frame, grammar: LoadedGrammar, walker: TrieWalker): Int32Array {
    let bySet = this.#afterExit.get(frame);
    if (bySet === undefined) {
      bySet = new Map();
      this.#afterExit.set(frame, bySet);
    }
    let tokens = bySet.get(set);
    if (tokens === undefined) {
      const builder = new TokenSetBuilder();
      const positions = grammar.tracer.after(frame);
      for (const node of set.exits) walker.walk(node, positions, builder);
      tokens = Int32Array.from(builder.tokens);
      bySet.set(set, tokens);
      this.#numBytes += tokens.byteLength;
    }
    return tokens;
  }

  #setsOf(machine: RuleMachine): RuleSets {
    let sets = this.#rules.get(machine);
    if (sets === undefined) {
      sets = { byState: new Map(), profiles: new Map(), residuals: new Map() };
      this.#rules.set(machine, sets);
    }
    return sets;
  }

  #forget(): void {
    this.#rules = new WeakMap();
    this.#afterExit = new WeakMap();
    this.#numBytes = 0;
  }
}
