import { Worker } from 'node:worker_threads';
import type { CompiledGrammar } from './compiled-grammar.ts';
import { GrammarError } from './grammar-error.ts';
import type { GrammarSpec } from './grammar-spec.ts';
import type { TokenTrieData } from './token-trie.ts';
import type { CompileJob, GrammarVocabulary, GrammarWorkerData, GrammarWorkerMessage } from './worker-messages.ts';

/** Megabytes of the worker's heap; far more than any grammar within the limits needs. */
const MAX_HEAP_MB = 512;

interface Job {
  readonly spec: GrammarSpec;
  readonly resolve: (compiled: CompiledGrammar) => void;
  readonly reject: (error: Error) => void;
}

export interface GrammarCompilerOptions {
  /** Called when the first grammar comes. */
  readonly vocabulary: () => GrammarVocabulary;
  /** Milliseconds that one grammar may take. */
  readonly timeLimitMs: number;
}

/**
 * Compiles grammars in a thread of their own, started by the first one and ended, to be started anew, when a grammar takes
 * too long or too much memory: what clients send cannot hold up anything but what waits behind it, and that not for long.
 */
export class GrammarCompiler {
  readonly #options: GrammarCompilerOptions;
  readonly #waiting: Job[] = [];
  #vocabulary: GrammarVocabulary | null = null;
  #trie: TokenTrieData | null = null;
  #worker: Worker | null = null;
  #isReady = false;
  #current: Job | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isDisposed = false;

  constructor(options: GrammarCompilerOptions) {
    this.#options = options;
  }

  /** The vocabulary as a trie; known once a grammar has been compiled. */
  get trie(): TokenTrieData | null {
    return this.#trie;
  }

  /** Grammars that wait for others. */
  get numWaiting(): number {
    return this.#waiting.length;
  }

  /** Rejects with a GrammarError when it cannot be compiled or takes too long, with another error when this has been disposed of. */
  compile(spec: GrammarSpec): Promise<CompiledGrammar> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ spec, resolve, reject });
      this.#next();
    });
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const worker = this.#worker;
    this.#worker = null;
    this.#settle((job) => job.reject(new Error('the grammar compiler was stopped')));
    this.#next();
    await worker?.terminate();
  }

  #next(): void {
    if (this.#isDisposed) {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the grammar compiler was stopped'));
      return;
    }
    if (this.#current !== null || this.#waiting.length === 0) return;
    this.#worker ??= this.#start();
    this.#worker.ref();
    if (!this.#isReady) return;
    const job = this.#waiting.shift()!;
    this.#current = job;
    this.#timer = setTimeout(() => this.#giveUp('takes too long to compile'), this.#options.timeLimitMs);
    this.#worker.postMessage({ spec: job.spec } satisfies CompileJob);
  }

  #start(): Worker {
    this.#vocabulary ??= this.#options.vocabulary();
    const workerData: GrammarWorkerData = { ...this.#vocabulary, trie: this.#trie };
    const worker = new Worker(workerEntry(), {
      workerData,
      execArgv: [],
      name: 'grammar',
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    this.#isReady = false;
    worker.on('message', (message: GrammarWorkerMessage) => this.#receive(worker, message));
    worker.on('error', (error) => this.#lose(worker, error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', (code) => this.#lose(worker, new Error(`the grammar worker ended with code ${code}`)));
    return worker;
  }

  #receive(worker: Worker, message: GrammarWorkerMessage): void {
    if (worker !== this.#worker) return;
    if (message.type === 'ready') {
      this.#trie = message.trie;
      this.#isReady = true;
    } else {
      this.#settle((job) => {
        if (message.type === 'compiled') job.resolve(message.compiled);
        else job.reject(new GrammarError(message.message, message.path, message.param));
      });
    }
    this.#next();
    // An idle worker does not keep the process alive.
    if (this.#current === null) worker.unref();
  }

  #giveUp(reason: string): void {
    const worker = this.#worker;
    this.#worker = null;
    this.#settle((job) => job.reject(new GrammarError(reason)));
    void worker?.terminate();
    this.#next();
  }

  /** The worker came to an end by itself. */
  #lose(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    const isOutOfMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const reason = isOutOfMemory ? new GrammarError('takes too much memory to compile') : error;
    // A worker that cannot even start would be started for ever.
    if (this.#current === null) for (const { reject } of this.#waiting.splice(0)) reject(reason);
    this.#settle((job) => job.reject(reason));
    this.#next();
  }

  #settle(finish: (job: Job) => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const job = this.#current;
    this.#current = null;
    if (job !== null) finish(job);
  }
}

/** A worker entry is a built file, also when this module runs from its TypeScript source. */
function workerEntry(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../dist/grammar/grammar-worker.js' : './grammar-worker.js', import.meta.url);
}
