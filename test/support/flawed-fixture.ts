import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fixtureFolder, readGoldens } from './goldens.ts';

const FIXTURE = 'v2-lite-like';
const BF16_NAN = 0x7fc0;

/** A copy of the fixture v2-lite-like, in a new folder, where the embedding of one token that its goldens do not hold is NaN. */
export function flawedFixture(): { readonly folder: string; readonly token: number } {
  const folder = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
  cpSync(fixtureFolder(FIXTURE), folder, { recursive: true });
  const known = new Set(readGoldens(FIXTURE).flatMap(({ prompt, tokens }) => [...prompt, ...tokens]));
  let token = 0;
  while (known.has(token)) token++;

  const file = path.join(folder, 'model.safetensors');
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { shape: number[]; data_offsets: number[] }
  >;
  const { shape, data_offsets } = header['model.embed_tokens.weight']!;
  const row = 8 + headerBytes + data_offsets[0]! + 2 * token * shape[1]!;
  for (let i = 0; i < shape[1]!; i++) bytes.writeUInt16LE(BF16_NAN, row + 2 * i);
  writeFileSync(file, bytes);
  return { folder, token };
}
