import { z } from 'zod';

/**
 * The pre-tokenizers that byte-level checkpoints use, rewritten where the JavaScript library differs from the Rust one
 * (checked against it string by string, see test/fixtures/text). Anything else is refused rather than served inexactly.
 */
const splitSchema = z.object({
  type: z.literal('Split'),
  pattern: z.union([z.object({ Regex: z.string() }), z.object({ String: z.string() })]),
  behavior: z.enum(['Isolated', 'Removed']),
  invert: z.boolean().default(false),
});
const digitsSchema = z.object({ type: z.literal('Digits'), individual_digits: z.boolean().default(false) });
const byteLevelSchema = z.object({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.literal(false),
  use_regex: z.boolean().default(true),
});
const sequenceSchema = z.object({ type: z.literal('Sequence'), pretokenizers: z.array(z.unknown()) });
const preTokenizerSchema = z.discriminatedUnion('type', [splitSchema, digitsSchema, byteLevelSchema, sequenceSchema]);

/** The split that ByteLevel's use_regex stands for; written as a Split because `\s` is rewritten only there. */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** @throws Error with a reason when the pre-tokenizer is malformed or not supported */
export function adaptPreTokenizer(json: unknown): object {
  const steps = flatten(json);
  if (steps.at(-1)?.type !== 'ByteLevel') throw new Error('its last pre-tokenizer is not ByteLevel');
  return { type: 'Sequence', pretokenizers: steps };
}

type Step = { readonly type: string; readonly [key: string]: unknown };

function flatten(json: unknown): Step[] {
  const parsed = preTokenizerSchema.safeParse(json);
  if (!parsed.success) {
    const type = String((json as { type?: unknown } | null)?.type ?? JSON.stringify(json));
    const issue = parsed.error.issues[0]!;
    throw new Error(`its pre-tokenizer ${type} is not supported (${[...issue.path, issue.message].join(': ')})`);
  }
  const step = parsed.data;
  switch (step.type) {
    case 'Sequence':
      return step.pretokenizers.flatMap(flatten);
    case 'Digits':
      // Rust splits at every Unicode number (½, ², １), the JavaScript library at ASCII digits only.
      return [isolated(step.individual_digits ? '\\p{N}' : '\\p{N}+')];
    case 'ByteLevel': {
      const byteLevel = { ...step, use_regex: false };
      return step.use_regex ? [isolated(GPT2_PATTERN), byteLevel] : [byteLevel];
    }
    case 'Split':
      return [adaptSplit(step)];
  }
}

function isolated(regex: string): Step {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
}

function adaptSplit(step: z.infer<typeof splitSchema>): Step {
  if (step.behavior === 'Removed') {
    if (!step.invert) throw new Error('its pre-tokenizer Split removes text, which is not supported');
    return step;
  }
  // Trailing white space is matched from its first character or not at all: said explicitly, a long run of spaces that
  // does not end the text costs one attempt instead of one per space.
  const isTrailingSpace = 'Regex' in step.pattern && step.pattern.Regex === '\\s+$';
  const pattern = isTrailingSpace ? { Regex: '(?<!\\s)\\s+$' } : step.pattern;
  // Isolated keeps both the matches and what lies between, so inverting changes nothing; the JavaScript library drops text.
  return { ...step, pattern, invert: false };
}
