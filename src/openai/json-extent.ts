/** Finds the end of a JSON object in text that comes in pieces: strings and nested brackets are followed, no more. */
export class JsonExtent {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /** Characters of this piece that belong to the object, and whether it is complete with them. */
  take(piece: string): { readonly length: number; readonly isComplete: boolean } {
    for (let i = 0; i < piece.length; i++) {
      const char = piece[i];
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (char === '\\') this.#isEscaped = true;
        else if (char === '"') this.#isInString = false;
      } else if (char === '"') {
        this.#isInString = true;
      } else if (char === '{' || char === '[') {
        this.#depth++;
      } else if (char === '}' || char === ']') {
        this.#depth--;
        if (this.#depth === 0) return { length: i + 1, isComplete: true };
      }
    }
    return { length: piece.length, isComplete: false };
  }
}
