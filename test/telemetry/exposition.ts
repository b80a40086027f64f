export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** Parses Prometheus' text format 0.0.4 and throws at whatever a scraper could refuse. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line is not terminated');
  const families = new Map<string, Family>();
  let help: [string, string] | undefined;
  let current: Family | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      help = [comment[2]!, comment[3]!];
    } else if (comment) {
      const [, , name, type] = comment as unknown as [string, string, string, string];
      if (help?.[0] !== name) throw new Error(`TYPE of ${name} without its HELP`);
      if (families.has(name)) throw new Error(`${name} twice`);
      current = { name, type, help: help[1], samples: [] };
      families.set(name, current);
    } else {
      const sample = parseSample(line);
      const base = current?.type === 'histogram' ? sample.name.replace(/_(bucket|sum|count)$/, '') : sample.name;
      if (current === undefined || base !== current.name) throw new Error(`sample outside of its family: ${line}`);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) checkSeries(family);
  return families;
}

function parseSample(line: string): Sample {
  const match = SAMPLE.exec(line);
  if (!match) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  const list = match[2] ?? '';
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < list.length) {
    const label = LABEL.exec(list);
    if (!label) throw new Error(`bad labels: ${line}`);
    if (label[1]! in labels) throw new Error(`label twice: ${line}`);
    labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
  }
  const text = match[3]!.toLowerCase();
  const value = text === '+inf' ? Number.POSITIVE_INFINITY : Number(text);
  if (Number.isNaN(value) && text !== 'nan') throw new Error(`bad value: ${line}`);
  return { name: match[1]!, labels, value };
}

function checkSeries(family: Family): void {
  const keys = family.samples.map((sample) => sample.name + JSON.stringify(Object.entries(sample.labels).sort()));
  if (new Set(keys).size !== keys.length) throw new Error(`${family.name}: a series twice`);
  if (family.type !== 'histogram') return;
  const buckets = family.samples.filter((sample) => sample.name.endsWith('_bucket'));
  for (const [i, bucket] of buckets.entries()) {
    const next = buckets[i + 1];
    if (bucket.labels['le'] !== '+Inf' && next && next.value < bucket.value) {
      throw new Error(`${family.name}: buckets are not cumulative`);
    }
  }
}
