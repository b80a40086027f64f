import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** Imports point down this list only (docs/architecture.md). Leaves may be imported from everywhere. */
const LAYERS = [
  'cli',
  'web',
  'config',
  'http',
  'openai',
  'engine',
  'text',
  'scheduler',
  'kv-cache',
  'grammar',
  'sampling',
  'runner',
  'ranks',
  'packing',
  'deepseek-v2',
  'onnx',
  'cuda',
  'onnxruntime',
  'checkpoint',
  'telemetry',
];
const LEAVES = new Set(['errors.ts', 'telemetry']);
const SOLE_IMPORTERS: Record<string, string[]> = {
  koffi: ['onnxruntime', 'cuda'],
  'onnxruntime-node': [],
  '@huggingface/tokenizers': ['text'],
  '@huggingface/jinja': ['text'],
  '@bufbuild/protobuf': ['onnx'],
  'prom-client': ['telemetry'],
  pino: ['telemetry'],
  fastify: ['http'],
  commander: ['cli'],
  yauzl: ['cuda'],
};

interface Import {
  readonly specifier: string;
  readonly isType: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(full);
    return entry.name.endsWith('.ts') ? [full] : [];
  });
}

function importsOf(file: string): Import[] {
  const { module, errors } = parseSync(file, readFileSync(file, 'utf8'));
  expect(errors, file).toEqual([]);
  const imports = module.staticImports.map((statement) => ({
    specifier: statement.moduleRequest.value,
    isType: statement.entries.length > 0 && statement.entries.every((entry) => entry.isType),
  }));
  const reexports = module.staticExports
    .flatMap((statement) => statement.entries)
    .flatMap((entry) => (entry.moduleRequest ? [{ specifier: entry.moduleRequest.value, isType: entry.isType }] : []));
  return [...imports, ...reexports];
}

const files = sourceFiles(SRC).map((file) => ({
  file: path.relative(SRC, file),
  imports: importsOf(file).map((entry) => ({
    ...entry,
    target: entry.specifier.startsWith('.')
      ? path.relative(SRC, path.resolve(path.dirname(file), entry.specifier))
      : null,
  })),
}));
const layerOf = (file: string): string => file.split(path.sep)[0]!;

describe('source layout', () => {
  it('keeps every file in a known layer', () => {
    expect(
      files.map(({ file }) => layerOf(file)).filter((layer) => !LAYERS.includes(layer) && layer !== 'errors.ts'),
    ).toEqual([]);
  });

  it('imports downwards only', () => {
    const upward = files.flatMap(({ file, imports }) =>
      imports
        .filter(({ target }) => target !== null && !LEAVES.has(layerOf(target)))
        .filter(({ target }) => LAYERS.indexOf(layerOf(target!)) < LAYERS.indexOf(layerOf(file)))
        // The shape of a configuration is a leaf; reading one is not.
        .filter(({ target, isType }) => !(isType && layerOf(target!) === 'config'))
        .map(({ target }) => `${file} -> ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('keeps leaves free of imports from other layers', () => {
    const imports = files
      .filter(({ file }) => LEAVES.has(layerOf(file)))
      .flatMap(({ file, imports }) => imports.map(({ target }) => ({ file, target })))
      .filter(({ file, target }) => target !== null && layerOf(target) !== layerOf(file) && target !== 'errors.ts');
    expect(imports).toEqual([]);
  });

  it('lets only one folder import a risky dependency', () => {
    const strays = files.flatMap(({ file, imports }) =>
      imports
        .map(({ specifier }) =>
          Object.keys(SOLE_IMPORTERS).find((name) => specifier === name || specifier.startsWith(`${name}/`)),
        )
        .filter((name) => name !== undefined && !SOLE_IMPORTERS[name]!.includes(layerOf(file)))
        .map((name) => `${file} imports ${name}`),
    );
    expect(strays).toEqual([]);
  });

  it('has no import cycle', () => {
    const graph = new Map(
      files.map(({ file, imports }) => [
        file,
        imports.flatMap(({ target, isType }) => (target && !isType ? [target] : [])),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, trail: string[]): void => {
      if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
      if (done.has(file) || trail.includes(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('keeps files small', () => {
    const lengths = files
      .map(({ file }) => readFileSync(path.join(SRC, file), 'utf8').split('\n').length)
      .sort((a, b) => a - b);
    const quantile = (q: number): number => lengths[Math.floor(q * (lengths.length - 1))]!;
    expect(quantile(0.5)).toBeLessThanOrEqual(80);
    expect(quantile(0.9)).toBeLessThanOrEqual(250);
    expect(quantile(1)).toBeLessThanOrEqual(500);
  });
});
