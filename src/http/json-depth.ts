const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether objects and lists lie more than `limit` deep in each other in a JSON text (UTF-8). What is no JSON is left to
 * the parser.
 */
export function nestsDeeperThan(limit: number, json: Uint8Array): boolean {
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]!;
    if (byte === QUOTE) {
      i = endOfString(json, i);
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
  return false;
}

/** Index of the closing quote; the text's length where it is missing. */
function endOfString(json: Uint8Array, open: number): number {
  for (let i = open + 1; i < json.length; i++) {
    if (json[i] === BACKSLASH) i++;
    else if (json[i] === QUOTE) return i;
  }
  return json.length;
}
