/** What a text that may begin a call turns out to be. */
export type Opening =
  /** More text is needed to tell. */
  'partial' | 'no' | { readonly name: string; readonly length: number; readonly text: string };

/** Atoms of a regular expression that match the characters of a text one by one. */
export function charAtoms(text: string): string[] {
  return [...text].map((char) => char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&'));
}

/** The atom that matches a tool's name, which Anthropic allows to be this long. */
export const NAME_ATOM = '([\\w.-]{1,128})';
/** The atom that matches white space between the parts of a call: more than is written for layout is none. */
export const SPACE_ATOM = '\\s{0,64}';

/** Recognises the beginning of a call, given as sequences of atoms; the name is the only group of a sequence. */
export class CallOpener {
  readonly #whole: readonly RegExp[];
  readonly #partial: readonly RegExp[];

  constructor(sequences: readonly (readonly string[])[]) {
    this.#whole = sequences.map((atoms) => new RegExp(`^${atoms.join('')}`));
    this.#partial = sequences.map(
      (atoms) => new RegExp(`^${atoms.reduceRight((rest, atom) => `${atom}(?:$|${rest})`)}`),
    );
  }

  match(text: string): Opening {
    for (const pattern of this.#whole) {
      const found = pattern.exec(text);
      if (found !== null) return { name: found[1] ?? '', length: found[0].length, text: found[0] };
    }
    return text === '' || this.#partial.some((pattern) => pattern.test(text)) ? 'partial' : 'no';
  }
}
