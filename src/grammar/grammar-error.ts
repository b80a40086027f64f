/** Why a grammar cannot be compiled or followed: told to the client, in words that follow "Invalid 'field': ". */
export class GrammarError extends Error {
  override readonly name = 'GrammarError';
  /** Place inside of what was compiled: keys and indexes of a JSON Schema. */
  readonly path: readonly (string | number)[];
  /** The request field that `path` starts from, where it is not that of the whole grammar. */
  readonly param: string | null;

  constructor(message: string, path: readonly (string | number)[] = [], param: string | null = null) {
    super(message);
    this.path = path;
    this.param = param;
  }
}
