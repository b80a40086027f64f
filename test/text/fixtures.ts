import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createTokenizer, type Tokenizer } from '../../src/text/tokenizer.ts';
import { readGzippedJson } from '../support/gzipped-json.ts';

const FOLDER = new URL('../fixtures/text/', import.meta.url);

/** Folder of the trained fixture tokenizer (made by test/fixtures/text/generate.py). */
export const TOKENIZER_FOLDER = fileURLToPath(new URL('tokenizer', FOLDER));

export function readText(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

export function readJson<T>(name: string): T {
  return JSON.parse(readText(name)) as T;
}

/** What a reference made of a corpus: `name`.golden.json.gz. */
export function readGolden<T>(name: string): T {
  return readGzippedJson<T>(new URL(`${name}.golden.json.gz`, FOLDER));
}

export type Json = Record<string, unknown>;
export const tokenizerJson = (): Json => readJson<Json>('tokenizer/tokenizer.json');
export const tokenizerConfig = (): Json => readJson<Json>('tokenizer/tokenizer_config.json');

export const tokenizer: Tokenizer = createTokenizer(tokenizerJson(), tokenizerConfig());
