import { z } from 'zod';
import { firstFault } from '../schema-issue.ts';
import { toWellFormedText } from '../well-formed.ts';

const MAX_ITEMS = 10_000;
const MAX_PARTS = 1_000;
const MAX_NAME_LENGTH = 256;

const text = z.string().transform(toWellFormedText);
const name = z.string().min(1, 'must not be empty').max(MAX_NAME_LENGTH).transform(toWellFormedText);
const status = z
  .enum(['in_progress', 'completed', 'incomplete'], 'must be in_progress, completed or incomplete')
  .nullish();

/** An array checked part by part once its length is known to be sane. */
function parts<Part extends z.ZodType>(part: Part) {
  return z.array(z.unknown()).max(MAX_PARTS).pipe(z.array(part));
}

const inputText = z.object({
  type: z.literal('input_text', 'must be "input_text": only text parts are supported by this server'),
  text,
});
const textOrParts = { error: 'must be a string or an array of parts' };

/** Parts are joined by a newline, as in chat completions. */
const inputContent = z
  .union([text, parts(inputText)], textOrParts)
  .transform((value) => (typeof value === 'string' ? value : value.map((part) => part.text).join('\n')));

const outputPart = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal(['output_text', 'input_text']), text }),
    z.object({ type: z.literal('refusal'), refusal: text }),
  ],
  { error: 'must be one of "output_text", "refusal", "input_text"' },
);

/** Parts of an answer are joined by nothing, as OpenAI's SDKs do for `output_text`. */
const outputContent = z.union([text, parts(outputPart)], textOrParts).transform((value) => {
  if (typeof value === 'string') return value;
  return value.map((part) => (part.type === 'refusal' ? part.refusal : part.text)).join('');
});

const message = z.discriminatedUnion(
  'role',
  [
    z.object({ role: z.literal(['user', 'system', 'developer']), content: inputContent, status }),
    z.object({ role: z.literal('assistant'), content: outputContent, status }),
  ],
  { error: 'must be one of "user", "assistant", "system", "developer"' },
);

const schemas = {
  message: message.transform((value) => ({ type: 'message' as const, ...value })),
  function_call: z.object({ type: z.literal('function_call'), call_id: name, name, arguments: text }),
  function_call_output: z.object({ type: z.literal('function_call_output'), call_id: name, output: inputContent }),
  reasoning: z.object({ type: z.literal('reasoning') }),
};

/** A checked item of `input`. */
export type InputItem = z.output<(typeof schemas)[keyof typeof schemas]>;

/** Items without a type are messages, or references where they have nothing but an id. */
function typeOf(item: object): unknown {
  const { type, role, id } = item as { type?: unknown; role?: unknown; id?: unknown };
  if (type !== undefined && type !== null) return type;
  return role === undefined && id !== undefined ? 'item_reference' : 'message';
}

function isSupported(type: unknown): type is keyof typeof schemas {
  return typeof type === 'string' && Object.hasOwn(schemas, type);
}

interface ItemFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function checkItem(item: unknown): InputItem | ItemFault {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    return { path: [], message: 'must be an object: a message or another item' };
  }
  const type = typeOf(item);
  if (type === 'item_reference') {
    return {
      path: [],
      message:
        'item references cannot be followed: nothing is stored; send the item itself (clients do with store: false)',
    };
  }
  if (!isSupported(type)) {
    const accepted = 'must be one of "message", "function_call", "function_call_output", "reasoning"';
    const isName = typeof type === 'string' && /^[a-z_]{1,60}$/.test(type);
    return {
      path: ['type'],
      message: isName ? `"${type}" items are not supported by this server; ${accepted}` : accepted,
    };
  }
  const result = schemas[type].safeParse(item);
  return result.success ? result.data : firstFault(result.error.issues);
}

/** `input`: a text, or items that are checked one by one up to the first fault (a long list of bad ones costs nothing). */
export const inputField = z
  .union([text, z.array(z.unknown())], { error: 'must be a string or an array of items' })
  .transform((value, context): string | InputItem[] => {
    if (typeof value === 'string') return value;
    const refuse = (message: string, path: readonly PropertyKey[]): never => {
      context.issues.push({ code: 'custom', message, path: [...path], input: value });
      return z.NEVER;
    };
    if (value.length === 0) return refuse('must have at least 1 entry', []);
    if (value.length > MAX_ITEMS) return refuse(`must have at most ${MAX_ITEMS} entries`, []);
    const items: InputItem[] = [];
    for (const [index, item] of value.entries()) {
      const checked = checkItem(item);
      if ('path' in checked) return refuse(checked.message, [index, ...checked.path]);
      items.push(checked);
    }
    return items;
  });
