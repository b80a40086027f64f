const COUNT_SUFFIXES: Readonly<Record<string, number>> = {
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};
const BYTE_SUFFIXES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/**
 * A whole number as vLLM's flags take it (`human_readable_int`): `4096`, `8k` = 8,000, `8K` = 8,192, `25.6k` = 25,600.
 * @returns null when the text is no such number
 */
export function parseCount(text: string): number | null {
  return scale(text, COUNT_SUFFIXES);
}

/**
 * A number of bytes: what {@link parseCount} takes (`512M` and `2G` are powers of 1,024, as in vLLM) and the units
 * `MB`, `GB` (powers of 1,000), `Mi`, `MiB`, `Gi`, `GiB` (powers of 1,024).
 * @returns null when the text is no such number
 */
export function parseByteCount(text: string): number | null {
  return scale(text, { ...COUNT_SUFFIXES, ...BYTE_SUFFIXES });
}

function scale(text: string, suffixes: Readonly<Record<string, number>>): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text.trim());
  if (match === null) return null;
  const [, digits, suffix] = match;
  const factor = suffix === '' ? 1 : Object.hasOwn(suffixes, suffix!) ? suffixes[suffix!]! : null;
  if (factor === null) return null;
  const product = Number(digits) * factor;
  // 25.6 * 1000 is not exact in binary; a fraction that survives rounding to a millionth was meant as one.
  const rounded = Math.round(product);
  if (Math.abs(product - rounded) > 1e-6 || !Number.isSafeInteger(rounded)) return null;
  return rounded;
}
