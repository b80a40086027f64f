/** White space beyond this is shown, whatever follows: what waits is looked at again with every token. */
export const MAX_HELD_SPACE = 100;

/**
 * How much of a text may be shown while white space at its end has to wait for what follows. A long run is shown in
 * blocks, so that it does not matter in which pieces the text came.
 */
export function shownLength(text: string): number {
  const length = text.trimEnd().length;
  const space = text.length - length;
  return space > MAX_HELD_SPACE ? length + MAX_HELD_SPACE * Math.floor((space - 1) / MAX_HELD_SPACE) : length;
}
