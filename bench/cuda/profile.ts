// What the kernels of one step cost, from Nsight Compute: node bench/cuda/profile.ts FILE.csv [LAYERS_SEEN LAYERS]
// FILE.csv comes from bench/cuda/profile.sh. With LAYERS the figures of kernels that run once or more per layer are scaled up.
import { readFileSync } from 'node:fs';

const [file, ...rest] = process.argv.slice(2);
if (!file) throw new Error('Name the CSV file that ncu wrote.');
const [seen, wanted] = rest.length === 2 ? rest.map(Number) : [1, 1];

/** How much more often a kernel runs in all layers, of which the first has no experts; what is left over belongs to the step, or to the first layer. */
function scaleOf(calls: number): number {
  if (seen === 1) return 1;
  if (calls % seen! !== 0 && calls % (seen! - 1) === 0) return (wanted! - 1) / (seen! - 1);
  return (Math.floor(calls / seen!) * wanted! + (calls % seen!)) / calls;
}

/** The fields of a line of quoted values. */
const fields = (line: string): string[] => [...line.matchAll(/"((?:[^"]|"")*)"/g)].map((match) => match[1]!);

const lines = readFileSync(file, 'utf8').split('\n');
const header = lines.findIndex((line) => line.startsWith('"ID"'));
if (header === -1) throw new Error(`${file} has no table of ncu's.`);
const names = fields(lines[header]!);
const column = (name: string): number => names.indexOf(name);
const [kernelColumn, unitColumn, valueColumn] = [column('Kernel Name'), column('Metric Unit'), column('Metric Value')];
const MICROSECONDS: Readonly<Record<string, number>> = { ns: 1e-3, us: 1, ms: 1e3, s: 1e6 };

const kernels = new Map<string, { calls: number; us: number }>();
for (const line of lines.slice(header + 1)) {
  const values = fields(line);
  if (values.length !== names.length) continue;
  const unit = MICROSECONDS[values[unitColumn]!];
  if (unit === undefined) throw new Error(`${file}: unit ${values[unitColumn]}`);
  const kernel = values[kernelColumn]!.replace(/\(.*$/, '').slice(0, 78);
  const entry = kernels.get(kernel) ?? { calls: 0, us: 0 };
  entry.calls++;
  entry.us += Number(values[valueColumn]!.replaceAll(',', '')) * unit;
  kernels.set(kernel, entry);
}
let total = 0;
let launches = 0;
for (const entry of kernels.values()) {
  const factor = scaleOf(entry.calls);
  entry.us *= factor;
  entry.calls *= factor;
  total += entry.us;
  launches += entry.calls;
}
const sorted = [...kernels].sort(([, a], [, b]) => b.us - a.us);
for (const [kernel, { calls, us }] of sorted) {
  const share = ((100 * us) / total).toFixed(1).padStart(5);
  const each = (us / calls).toFixed(1).padStart(7);
  process.stdout.write(
    `${us.toFixed(0).padStart(7)} us ${share} %  ${calls.toFixed(0).padStart(4)} x ${each} us  ${kernel}\n`,
  );
}
process.stdout.write(`${total.toFixed(0)} us in ${launches.toFixed(0)} kernels\n`);
