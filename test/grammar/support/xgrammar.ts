import { readFileSync } from 'node:fs';
import { Module } from 'node:module';
import { fileURLToPath } from 'node:url';
import { tokenizer, vocabulary } from './grammar-bench.ts';

interface Matcher {
  acceptToken(tokenId: number): boolean;
  getNextTokenBitmask(): Promise<Int32Array>;
  isTerminated(): boolean;
  dispose(): void;
}

interface Xgrammar {
  TokenizerInfo: {
    createTokenizerInfo(
      vocab: readonly Uint8Array[],
      type: 'raw',
      prependSpace: boolean,
      size: number,
      stopTokenIds: readonly number[],
    ): Promise<object>;
  };
  GrammarCompiler: {
    createGrammarCompiler(info: object, cache: boolean): Promise<{ compileGrammar(ebnf: string): Promise<object> }>;
  };
  GrammarMatcher: { createGrammarMatcher(compiled: object): Promise<Matcher> };
}

/** The package is UMD under "type": "module": neither import nor require loads it. */
function loadXgrammar(): Xgrammar {
  const file = fileURLToPath(new URL('../../../node_modules/@mlc-ai/web-xgrammar/lib/index.js', import.meta.url));
  const module = new Module(file) as Module & { _compile(source: string, file: string): void };
  module._compile(readFileSync(file, 'utf8'), file.replace(/\.js$/, '.cjs'));
  return module.exports as Xgrammar;
}

const xgrammar = loadXgrammar();
const { vocabulary: packed, eosTokenIds } = vocabulary;
const info = await xgrammar.TokenizerInfo.createTokenizerInfo(
  Array.from({ length: tokenizer.size }, (_, id) => packed.spellings.slice(packed.offsets[id], packed.offsets[id + 1])),
  'raw',
  false,
  tokenizer.size,
  eosTokenIds,
);
const compiler = await xgrammar.GrammarCompiler.createGrammarCompiler(info, false);

/** xgrammar's own matcher over the vocabulary of the shipped model. */
export async function openXgrammar(ebnf: string): Promise<Matcher> {
  return await xgrammar.GrammarMatcher.createGrammarMatcher(await compiler.compileGrammar(ebnf));
}
