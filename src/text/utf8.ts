/** Smallest and largest second byte after the leads whose range is narrower than 80..BF (no overlong forms, no surrogates). */
const SECOND_BYTE: Readonly<Record<number, readonly [number, number]>> = {
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};

function sequenceLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1;
}

/** Number of bytes at the end (0 to 3) that begin a character which further bytes could complete. */
export function incompleteTailLength(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    if (sequenceLength(byte) <= back) return 0;
    const range = SECOND_BYTE[byte];
    if (range && back >= 2) {
      const second = bytes[bytes.length - back + 1]!;
      if (second < range[0] || second > range[1]) return 0;
    }
    return back;
  }
  return 0;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Lossy decoding: one U+FFFD per maximal ill-formed part, as in Rust's from_utf8_lossy. A byte order mark is kept. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
