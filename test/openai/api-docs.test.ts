import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Parameter } from '../../src/openai/parameter.ts';
import { parameterTable } from '../../src/openai/parameter-table.ts';

interface ApiDocs {
  readonly PARTS: readonly string[];
  renderApiDocs(parts: readonly string[], table: readonly Parameter[]): string;
}

const docs = new URL('../../docs/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, docs), 'utf8');
const script = new URL('../../scripts/api-docs.mjs', import.meta.url).href;
const { PARTS, renderApiDocs } = (await import(script)) as ApiDocs;
const parts = PARTS.map((name) => read(`api/${name}`));

it('docs/api.md is what its script writes (npm run docs:api)', () => {
  expect(read('api.md')).toBe(renderApiDocs(parts, parameterTable));
});

it('lists every field of every endpoint', () => {
  const placed = parts.flatMap((part) => [...part.matchAll(/^<!-- fields: (\w+) -->$/gm)].map((match) => match[1]));
  expect(new Set(placed)).toEqual(new Set(parameterTable.flatMap(({ endpoints }) => endpoints)));
  for (const { name } of parameterTable) expect(read('api.md')).toContain(`| \`${name}\` |`);
});

it('uses every part', () => {
  expect(readdirSync(new URL('api/', docs)).sort()).toEqual([...PARTS].sort());
});
