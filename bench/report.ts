import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Summary } from './statistics.ts';

export interface MachineDescription {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
}

export interface Level {
  /** Such as "64 streams" or "5 req/s". */
  readonly name: string;
  readonly summary: Summary;
  /** Processor time of the client itself, which the server on the same machine did not have. */
  readonly clientCpuSeconds: number;
}

const COLUMNS = [
  'load',
  'requests',
  'errors',
  'seconds',
  'output tok/s',
  'total tok/s',
  'TTFT p50',
  'TTFT p99',
  'ITL p50',
  'ITL p99',
  'e2e p50',
  'e2e p99',
];

/** The machine and the versions that a figure depends on. @param packageJson the program's own */
export function describeMachine(packageJson: URL): MachineDescription {
  const parsed = JSON.parse(readFileSync(packageJson, 'utf8')) as {
    name: string;
    version: string;
    dependencies: Record<string, string>;
  };
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    node: process.version,
    packages: { [parsed.name]: parsed.version, ...parsed.dependencies },
  };
}

export function formatMachine(machine: MachineDescription): string {
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
  return [
    `machine:  ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB memory`,
    `node:     ${machine.node}`,
    `packages: ${packages.join(', ')}`,
  ].join('\n');
}

/** A Markdown table; latencies in milliseconds. */
export function formatTable(levels: readonly Level[]): string {
  const rows = levels.map(({ name, summary }) => [
    name,
    String(summary.requests),
    String(summary.errors),
    summary.durationSeconds.toFixed(2),
    summary.outputTokensPerSecond.toFixed(1),
    summary.totalTokensPerSecond.toFixed(1),
    ...[summary.timeToFirstToken, summary.interTokenLatency, summary.endToEnd].flatMap(({ p50, p99 }) => [
      milliseconds(p50),
      milliseconds(p99),
    ]),
  ]);
  return formatRows(COLUMNS, rows);
}

/** A Markdown table whose first column is text and whose others are numbers. */
export function formatRows(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

function milliseconds(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(value < 100 ? 1 : 0);
}
