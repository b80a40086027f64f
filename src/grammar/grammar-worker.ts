import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../errors.ts';
import { compileGrammar } from './compile-grammar.ts';
import { GrammarError } from './grammar-error.ts';
import { GrammarRunner } from './grammar-runner.ts';
import type { GrammarSpec } from './grammar-spec.ts';
import { buildTokenTrie } from './token-trie.ts';
import { tryGrammar } from './try-grammar.ts';
import type { CompileJob, GrammarWorkerData, GrammarWorkerMessage } from './worker-messages.ts';

// Entry of the thread that compiles grammars, one after the other. Whoever started it ends it when one takes too long.
invariant(parentPort, 'grammars are compiled in a worker thread');
const port = parentPort;
const { vocabulary, specialTokens, eosTokenIds, trie: known } = workerData as GrammarWorkerData;
const trie = known ?? buildTokenTrie(vocabulary);
const runner = new GrammarRunner(trie, eosTokenIds);

port.on('message', ({ spec }: CompileJob) => send(compile(spec)));
send({ type: 'ready', trie });

function compile(spec: GrammarSpec): GrammarWorkerMessage {
  try {
    const compiled = compileGrammar(spec, specialTokens);
    tryGrammar(runner.load(compiled), runner.vocabSize, eosTokenIds);
    return { type: 'compiled', compiled };
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    const { message, path, param } = error;
    return { type: 'refused', message, path, param };
  }
}

function send(message: GrammarWorkerMessage): void {
  port.postMessage(message);
}
