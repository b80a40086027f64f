import { CheckpointError } from '../errors.ts';
import { printable, quoted } from './quoted.ts';

/** Bounds that hold before a hostile text is parsed: memory of a parsed document is not bounded by its size alone. */
export interface JsonLimits {
  readonly maxDepth: number;
  /** Bound on the number of commas, that is of members and elements. */
  readonly maxValues: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Strict JSON: UTF-8 without byte order mark, no repeated key in any object (JSON.parse would keep the last one silently).
 * @throws CheckpointError naming `file`
 */
export function parseJson(bytes: Uint8Array, file: string, limits: JsonLimits): unknown {
  const text = decodeUtf8(bytes, file);
  checkStructure(text, file, limits);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? printable(error.message.replace(/\s+/g, ' ')).slice(0, 160) : '';
    throw new CheckpointError(file, `is not valid JSON: ${detail}`);
  }
  const repeated = repeatedKey(text);
  if (repeated !== null) throw new CheckpointError(file, `has the key ${quoted(repeated)} twice`);
  return value;
}

function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CheckpointError(file, 'is not valid JSON: it is not UTF-8');
  }
}

/** Depth and number of values, counted without building anything. Does not judge the grammar. */
function checkStructure(text: string, file: string, { maxDepth, maxValues }: JsonLimits): void {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > maxDepth) throw new CheckpointError(file, `is nested deeper than ${maxDepth} levels`);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x2c: // ,
        if (++values > maxValues) throw new CheckpointError(file, `has more than ${maxValues} values`);
        break;
    }
  }
}

/** Index of the closing quote of the string that opens at `open`; the text's length when there is none. */
function endOfString(text: string, open: number): number {
  let i = open + 1;
  while (i < text.length) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) return i;
    i += unit === BACKSLASH ? 2 : 1;
  }
  return text.length;
}

/** The first key that an object of `text`, which is valid JSON, has twice. */
function repeatedKey(text: string): string | null {
  const open: Set<string>[] = [];
  let lastString = '';
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = endOfString(text, i);
        lastString = text.slice(i, end + 1);
        i = end;
        break;
      }
      case 0x7b: // {
        open.push(new Set());
        break;
      case 0x7d: // }
        open.pop();
        break;
      case 0x3a: {
        // The colon follows its key; two spellings of one key (escapes) count as the same.
        const key = lastString.includes('\\') ? String(JSON.parse(lastString)) : lastString.slice(1, -1);
        const keys = open.at(-1)!;
        if (keys.has(key)) return key;
        keys.add(key);
        break;
      }
    }
  }
  return null;
}
