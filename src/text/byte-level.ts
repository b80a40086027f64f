/**
 * Byte-level BPE writes every byte as one printable character (GPT-2's table): printable Latin-1 stands for itself, the
 * other 68 bytes for U+0100 onwards in order.
 */
const BYTE_OF_CODE_UNIT = buildByteTable();
const UTF8 = new TextEncoder();

function buildByteTable(): Int16Array {
  const table = new Int16Array(0x180).fill(-1);
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    table[isPrintable ? byte : next++] = byte;
  }
  return table;
}

/**
 * The bytes that a vocabulary entry stands for. A token with a character outside the table (a special token such as
 * `<｜User｜>`) stands for its own UTF-8, as in the Rust library's ByteLevel decoder.
 */
export function bytesOfToken(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF_CODE_UNIT[token.charCodeAt(i)] ?? -1;
    if (byte < 0) return UTF8.encode(token);
    bytes[i] = byte;
  }
  return bytes;
}
