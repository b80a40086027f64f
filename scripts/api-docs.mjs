/**
 * docs/api.md: the hand-written parts in docs/api/, with the tables of request fields in the place of `<!-- fields: ENDPOINT -->`.
 */

/** The parts in their order. */
export const PARTS = [
  'introduction.md',
  'chat-completions.md',
  'completions.md',
  'responses.md',
  'messages.md',
  'streams.md',
  'errors.md',
  'other-endpoints.md',
];

const HEAD =
  '<!-- Written by `npm run docs:api` from docs/api/ and the parameter tables in src/openai/. Do not edit. -->';
const FIELDS = /^<!-- fields: (\w+) -->$/gm;

/**
 * @param {readonly string[]} parts contents of the files named by PARTS
 * @param {readonly object[]} table rows as in src/openai/parameter.ts
 */
export function renderApiDocs(parts, table) {
  const filled = parts.map((part) => part.trim().replace(FIELDS, (_, endpoint) => fieldTables(endpoint, table)));
  return `${[HEAD, ...filled].join('\n\n')}\n`;
}

function fieldTables(endpoint, table) {
  const rows = table.filter(({ endpoints }) => endpoints.includes(endpoint));
  if (rows.length === 0) throw new Error(`the table has no fields of ${endpoint}`);
  const of = (status) => rows.filter((row) => row.status === status);
  const sections = [
    markdownTable(
      ['Field', 'Type', 'Default', 'Meaning'],
      of('supported').map((row) => [code(row.name), row.type, row.default, row.meaning]),
    ),
    'Accepted and without influence on the answer:',
    markdownTable(
      ['Field', 'Type', 'Because it'],
      of('ignored').map((row) => [code(row.name), row.type, row.meaning]),
    ),
    'Known, but not offered: null and these values, which ask for nothing, are accepted; anything else is a 400 that names the field.',
    markdownTable(
      ['Field', 'Accepted', 'What it is'],
      of('off-only').map((row) => [
        code(row.name),
        ['null', ...row.off.map((value) => JSON.stringify(value))].map(code).join(', '),
        row.meaning,
      ]),
    ),
  ];
  return sections.join('\n\n');
}

function markdownTable(titles, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text) {
  return `\`${text}\``;
}
