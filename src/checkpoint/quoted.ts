const LONGEST = 160;

/**
 * Text from a file that nobody vouches for, fit for a one-line message: quoted, shortened, and with everything but
 * printable ASCII escaped, so that it cannot steer a terminal.
 */
export function quoted(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  return `"${printable(short.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}

/** Escapes everything but printable ASCII. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
