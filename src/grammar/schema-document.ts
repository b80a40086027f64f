import { checkSchema, type Path, type SchemaObject } from './check-schema.ts';
import { GrammarError } from './grammar-error.ts';
import type { Json } from './schema-keywords.ts';

const MAX_LENGTH = 1_000_000;
/** Schemas that are looked at, merged ones included. */
const MAX_SCHEMAS = 20_000;

/** A schema with everything that its references can point to. */
export class SchemaDocument {
  readonly root: Json;
  #numSchemas = 0;

  /** @param text JSON @throws GrammarError when it is not JSON or too long */
  constructor(text: string) {
    if (text.length > MAX_LENGTH) throw new GrammarError(`is longer than ${MAX_LENGTH} characters`);
    try {
      this.root = JSON.parse(text) as Json;
    } catch (error) {
      throw new GrammarError(`is not JSON (${error instanceof Error ? error.message : String(error)})`);
    }
  }

  /** A checked schema object. @throws GrammarError naming what is wrong with it */
  check(schema: Json, path: Path): SchemaObject | boolean {
    if (++this.#numSchemas > MAX_SCHEMAS) throw new GrammarError(`needs more than ${MAX_SCHEMAS} schemas`, path);
    return checkSchema(schema, path);
  }

  /**
   * What a reference points to, and where that is.
   * @throws GrammarError when it leads out of the document or to nothing
   */
  resolve(reference: string, path: Path): { readonly schema: Json; readonly path: Path } {
    const at = [...path, '$ref'];
    if (reference !== '#' && !reference.startsWith('#/')) {
      const words = reference.startsWith('#')
        ? 'anchors are not supported'
        : 'only references within the schema are followed';
      throw new GrammarError(`points to ${JSON.stringify(reference.slice(0, 100))}: ${words}`, at);
    }
    const keys = reference.split('/').slice(1).map(unescapePointer);
    let schema = this.root;
    for (const key of keys) {
      const isContainer = typeof schema === 'object' && schema !== null;
      if (!isContainer || !Object.hasOwn(schema as object, key)) {
        throw new GrammarError(`points to nothing: ${JSON.stringify(reference.slice(0, 100))}`, at);
      }
      schema = (schema as Readonly<Record<string, Json>>)[key]!;
    }
    return { schema, path: keys };
  }
}

function unescapePointer(key: string): string {
  let text = key;
  try {
    text = decodeURIComponent(key);
  } catch {
    // A percent sign that is no escape stands for itself.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}
