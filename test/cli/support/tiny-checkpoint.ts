import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));

interface TokenizerJson {
  added_tokens: { id: number; content: string }[];
  model: { vocab: Record<string, number>; merges: unknown[] };
}

/** A folder that can be served: the fixture model with odd sizes (301 ids) and a tokenizer of single bytes for it. */
export function writeTinyCheckpoint(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ['config.json', 'model.safetensors']) {
    copyFileSync(path.join(FIXTURES, 'models/odd-sizes', name), path.join(folder, name));
  }
  const tokenizer = path.join(FIXTURES, 'text/tokenizer');
  copyFileSync(path.join(tokenizer, 'tokenizer_config.json'), path.join(folder, 'tokenizer_config.json'));
  const json = JSON.parse(readFileSync(path.join(tokenizer, 'tokenizer.json'), 'utf8')) as TokenizerJson;
  const bytes = Object.keys(json.model.vocab).filter((token) => [...token].length === 1);
  json.model.vocab = Object.fromEntries(bytes.map((token, id) => [token, id]));
  json.model.merges = [];
  for (const [index, token] of json.added_tokens.entries()) token.id = bytes.length + index;
  writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(json));
  return folder;
}

/** The tokenizer of the text tests, which has more ids than the tiny model. */
export function largeTokenizerFile(): string {
  return path.join(FIXTURES, 'text/tokenizer/tokenizer.json');
}
