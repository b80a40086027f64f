/** Letters by their frequency in English, the commonest first. */
const LETTERS = 'etaoinshrdlucmfwypvbgkjqxz';
const STRUCTURE = '{" ": ", "," }, }, {\n [ ] "," ": {" null true false 0. 12 \\n \\" é 日本 語 () ; == \n\n'.split(
  / (?=\S)/,
);

/**
 * A byte-level vocabulary such as BPE makes: all bytes, pieces of JSON, and words of one to ten letters, half of them
 * after a space, some with digits, capitals or punctuation.
 */
export function syntheticVocabulary(size: number): Uint8Array[] {
  const utf8 = new TextEncoder();
  let state = 12_345;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const pick = (from: string | readonly string[]): string => from[Math.floor(random() * from.length)]!;
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const words = new Set(STRUCTURE);
  while (tokens.length + words.size < size) {
    const length = 1 + Math.floor(random() * 10);
    const letters = Array.from({ length }, () =>
      random() < 0.03 ? pick('0123456789') : LETTERS[Math.floor(26 * random() * random())]!,
    ).join('');
    const word = random() < 0.2 ? letters.toUpperCase() : letters;
    words.add(`${random() < 0.5 ? ' ' : ''}${word}${random() < 0.05 ? pick(['"', ',', ':', '."', '",', '();']) : ''}`);
  }
  return [...tokens, ...Array.from(words, (word) => utf8.encode(word))].slice(0, size);
}
