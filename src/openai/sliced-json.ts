import { setImmediate as nextTurn } from 'node:timers/promises';

/** Entries of a list that one turn of the event loop makes or turns into JSON: a few milliseconds' work. */
export const SLICE_LENGTH = 100_000;
/** UTF-16 units of a text that one turn turns into JSON. */
export const TEXT_SLICE_LENGTH = 4_000_000;
/** Shorter JSON goes on in the same turn. */
const MIN_PIECE_LENGTH = 100_000;

/**
 * The JSON of a flat answer with lists of millions of entries or as long texts, as JSON.stringify and UTF-8 have it;
 * other work gets its turn between slices of them. No value may be undefined.
 */
export async function slicedJson(answer: object): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let text = '{';
  let separator = '';
  for (const [key, value] of Object.entries(answer) as [string, unknown][]) {
    text += `${separator}${JSON.stringify(key)}:`;
    separator = ',';
    for (const piece of jsonPieces(value)) {
      text += piece;
      if (text.length < MIN_PIECE_LENGTH) continue;
      pieces.push(Buffer.from(text));
      text = '';
      await nextTurn();
    }
  }
  pieces.push(Buffer.from(`${text}}`));
  return Buffer.concat(pieces);
}

function* jsonPieces(value: unknown): Generator<string> {
  if (Array.isArray(value) && value.length > SLICE_LENGTH) {
    for (let i = 0; i < value.length; i += SLICE_LENGTH) {
      yield (i === 0 ? '[' : ',') + JSON.stringify(value.slice(i, i + SLICE_LENGTH)).slice(1, -1);
    }
    yield ']';
  } else if (typeof value === 'string' && value.length > TEXT_SLICE_LENGTH) {
    yield '"';
    for (let begin = 0; begin < value.length; ) {
      let end = begin + TEXT_SLICE_LENGTH;
      // Alone, each half of a surrogate pair would be escaped.
      if (isHighSurrogate(value.charCodeAt(end - 1))) end++;
      yield JSON.stringify(value.slice(begin, end)).slice(1, -1);
      begin = end;
    }
    yield '"';
  } else {
    yield JSON.stringify(value);
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
