import { createHash } from 'node:crypto';
import { invalidRequest, invariant, queueFull } from '../errors.ts';
import type { CompiledGrammar } from '../grammar/compiled-grammar.ts';
import type { GrammarCompiler } from '../grammar/grammar-compiler.ts';
import { GrammarError } from '../grammar/grammar-error.ts';
import type { GrammarHandle, GrammarSpec } from '../grammar/grammar-spec.ts';
import type { EngineCommand } from './messages.ts';

/** Grammars kept for requests to come. */
const MAX_KEPT = 128;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** Grammars that may wait to be compiled. */
const MAX_WAITING = 64;
const RETRY_AFTER_SECONDS = 1;

/** A grammar with what it was compiled to: it can be sent to the engine for as long as a request holds it. */
class CompiledHandle implements GrammarHandle {
  readonly key: string;
  readonly compiled: CompiledGrammar;

  constructor(key: string, compiled: CompiledGrammar) {
    this.key = key;
    this.compiled = compiled;
  }
}

/** Compiled grammars on the main thread: compiled once, kept while they are used and, within bounds, longer. */
export class GrammarRegistry {
  readonly #compiler: GrammarCompiler;
  readonly #send: (command: EngineCommand) => void;
  readonly #onCompiled: (seconds: number) => void;
  readonly #compiling = new Map<string, Promise<CompiledHandle>>();
  /** Least recently used first. */
  readonly #kept = new Map<string, CompiledHandle>();
  /** Requests by grammar that the engine holds. */
  readonly #users = new Map<string, number>();
  #keptBytes = 0;
  #hasSentVocabulary = false;

  /** @param onCompiled told the seconds that each compilation took, waiting for others included */
  constructor(
    compiler: GrammarCompiler,
    send: (command: EngineCommand) => void,
    onCompiled: (seconds: number) => void,
  ) {
    this.#compiler = compiler;
    this.#send = send;
    this.#onCompiled = onCompiled;
  }

  /** @throws ApiError 400 naming the field, 429 when too many are waiting, 503 when the server stops */
  async compile(spec: GrammarSpec, param: string): Promise<GrammarHandle> {
    const key = createHash('sha256').update(JSON.stringify(spec)).digest('base64url');
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#keep(kept);
      return kept;
    }
    try {
      return await this.#compileOnce(key, spec);
    } catch (error) {
      throw error instanceof GrammarError ? toApiError(error, param) : error;
    }
  }

  /** A request that uses the grammar is about to be sent. */
  acquire(handle: GrammarHandle): void {
    invariant(handle instanceof CompiledHandle, 'a grammar that compile did not make');
    const { key, compiled } = handle;
    const users = this.#users.get(key);
    this.#users.set(key, (users ?? 0) + 1);
    if (users !== undefined) return;
    const trie = this.#hasSentVocabulary ? null : this.#compiler.trie;
    this.#hasSentVocabulary = true;
    this.#send({ type: 'grammar', key, compiled, trie });
  }

  /** A request that used it has ended. */
  release({ key }: GrammarHandle): void {
    const users = this.#users.get(key) ?? 0;
    invariant(users > 0, 'a grammar was released once too often');
    this.#users.set(key, users - 1);
    this.#trim();
  }

  dispose(): Promise<void> {
    return this.#compiler.dispose();
  }

  #compileOnce(key: string, spec: GrammarSpec): Promise<CompiledHandle> {
    let compiling = this.#compiling.get(key);
    if (compiling === undefined) {
      if (this.#compiler.numWaiting >= MAX_WAITING) throw queueFull(RETRY_AFTER_SECONDS);
      compiling = this.#compiler.compile(spec).then((compiled) => {
        const handle = new CompiledHandle(key, compiled);
        this.#keep(handle);
        return handle;
      });
      this.#compiling.set(key, compiling);
      const begin = performance.now();
      const forget = (): void => {
        this.#compiling.delete(key);
        this.#onCompiled((performance.now() - begin) / 1000);
      };
      compiling.then(forget, forget);
    }
    return compiling;
  }

  #keep(handle: CompiledHandle): void {
    const { key, compiled } = handle;
    if (this.#kept.delete(key)) this.#keptBytes -= compiled.numBytes;
    this.#kept.set(key, handle);
    this.#keptBytes += compiled.numBytes;
    this.#trim();
  }

  /** Forgets the least recently used; the engine forgets those that nobody keeps or uses. */
  #trim(): void {
    for (const [key, { compiled }] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT && this.#keptBytes <= MAX_KEPT_BYTES) break;
      this.#kept.delete(key);
      this.#keptBytes -= compiled.numBytes;
    }
    for (const [key, users] of this.#users) {
      if (users > 0 || this.#kept.has(key)) continue;
      this.#users.delete(key);
      this.#send({ type: 'forget-grammar', key });
    }
  }
}

/** A refusal that names the field and the place in it. */
function toApiError({ message, path, param: ownParam }: GrammarError, param: string) {
  const place = [ownParam ?? param, ...path].join('.').slice(0, 300);
  return invalidRequest(place, `Invalid '${place}': ${message}.`, 'invalid_grammar');
}
