import type { Expr } from './expr.ts';
import { fullMatch } from './regex-expr.ts';

const MONTH_DAY =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))';
/** Years of four digits whose February has 29 days. */
const LEAP_YEAR = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const DATE = `(?:\\d{4}-${MONTH_DAY}|${LEAP_YEAR}-02-29)`;
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)';
const HOST_LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const HOST = `${HOST_LABEL}(?:\\.${HOST_LABEL}){0,2}`;
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const GROUP = '[0-9A-Fa-f]{1,4}';
const HEX = '[0-9A-Fa-f]';
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}";
const URI_CHAR = "[A-Za-z0-9._~!$&'()*+,;=:@-]";

/** Every way to leave out one run of zero groups, and none. */
function ipv6(): string {
  const forms = [`(?:${GROUP}:){7}${GROUP}`, '::'];
  for (let before = 0; before <= 7; before++) {
    for (let after = 0; before + after <= 7; after++) {
      if (before + after === 0) continue;
      const head = before === 0 ? '' : `${GROUP}(?::${GROUP}){${before - 1}}`;
      const tail = after === 0 ? '' : `${GROUP}(?::${GROUP}){${after - 1}}`;
      forms.push(`${head}::${tail}`);
    }
  }
  return forms.join('|');
}

/** Patterns of formats, matching valid texts only (not every one of them: common spellings are enough to answer with). */
const PATTERNS: Readonly<Record<string, () => string>> = {
  date: () => DATE,
  time: () => TIME,
  'date-time': () => `${DATE}T${TIME}`,
  duration: () =>
    'P(?:\\d{1,6}W|\\d{1,6}Y(?:\\d{1,6}M(?:\\d{1,6}D)?)?(?:T(?:\\d{1,6}H(?:\\d{1,6}M(?:\\d{1,6}S)?)?|\\d{1,6}M(?:\\d{1,6}S)?|\\d{1,6}S))?|\\d{1,6}M(?:\\d{1,6}D)?(?:T(?:\\d{1,6}H(?:\\d{1,6}M(?:\\d{1,6}S)?)?|\\d{1,6}M(?:\\d{1,6}S)?|\\d{1,6}S))?|\\d{1,6}D(?:T(?:\\d{1,6}H(?:\\d{1,6}M(?:\\d{1,6}S)?)?|\\d{1,6}M(?:\\d{1,6}S)?|\\d{1,6}S))?|T(?:\\d{1,6}H(?:\\d{1,6}M(?:\\d{1,6}S)?)?|\\d{1,6}M(?:\\d{1,6}S)?|\\d{1,6}S))',
  email: () => `${ATOM}(?:\\.${ATOM}){0,2}@(?:${HOST_LABEL}\\.){1,3}${HOST_LABEL}`,
  hostname: () => HOST,
  ipv4: () => IPV4,
  ipv6,
  uuid: () => `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`,
  uri: () =>
    `[A-Za-z][A-Za-z0-9+.-]{0,20}://${HOST}(?::\\d{1,5})?(?:/${URI_CHAR}*)*(?:\\?(?:${URI_CHAR}|[/?])*)?(?:#(?:${URI_CHAR}|[/?])*)?`,
};

/** Formats that describe how a string is shown or stored, not which strings are valid. */
const ANNOTATIONS = new Set(['password', 'binary']);

const known = new Map<string, Expr>();

/** Contents of strings in a format, without the quotes; null for a format that is not known. */
export function stringFormat(format: string): Expr | null {
  if (!Object.hasOwn(PATTERNS, format)) return null;
  let expr = known.get(format);
  if (expr === undefined) {
    // No format has characters that JSON escapes.
    expr = fullMatch(PATTERNS[format]!());
    known.set(format, expr);
  }
  return expr;
}

/** Whether a format says something about strings. */
export function isStringFormat(format: string): boolean {
  return Object.hasOwn(PATTERNS, format) || ANNOTATIONS.has(format);
}

export function isAnnotationFormat(format: string): boolean {
  return ANNOTATIONS.has(format);
}
