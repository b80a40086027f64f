const LONE_SURROGATE = /\p{Surrogate}/gu;

/** Replaces lone surrogates (a JSON escape can make them) by U+FFFD: they have no UTF-8 form. */
export function toWellFormedText(text: string): string {
  return text.replace(LONE_SURROGATE, '\uFFFD');
}
