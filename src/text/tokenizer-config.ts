import { z } from 'zod';

/** A special token is written as a string or as an object with its content. */
const tokenText = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]);
const SPECIAL_TOKEN_NAMES = [
  'bos_token',
  'eos_token',
  'unk_token',
  'pad_token',
  'sep_token',
  'cls_token',
  'mask_token',
];

const tokenizerConfigSchema = z.looseObject({
  add_bos_token: z.boolean().nullish(),
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
});

/** The fields of tokenizer_config.json that matter here. */
export interface TokenizerConfig {
  /** Texts of the special tokens by their name in the file (`bos_token`, …); those that the file sets. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** null when the file does not say. */
  readonly addBosToken: boolean | null;
  /** The template, or the one named "default" of several. */
  readonly chatTemplate: string | null;
}

/** @throws Error with a reason when the file is malformed */
export function parseTokenizerConfig(json: unknown): TokenizerConfig {
  const parsed = tokenizerConfigSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new Error(`${issue.path.join('.') || 'the file'}: ${issue.message}`);
  }
  const config = parsed.data;
  const specialTokens: Record<string, string> = {};
  for (const name of SPECIAL_TOKEN_NAMES) {
    const value = config[name];
    if (value === null || value === undefined) continue;
    const text = tokenText.safeParse(value);
    if (!text.success) throw new Error(`${name} is neither a string nor an object with content`);
    specialTokens[name] = text.data;
  }
  return {
    specialTokens,
    addBosToken: config.add_bos_token ?? null,
    chatTemplate: pickTemplate(config.chat_template ?? null),
  };
}

function pickTemplate(templates: string | readonly { name: string; template: string }[] | null): string | null {
  if (templates === null || typeof templates === 'string') return templates;
  if (templates.length === 0) return null;
  const chosen =
    templates.find(({ name }) => name === 'default') ?? (templates.length === 1 ? templates[0] : undefined);
  if (!chosen) throw new Error('chat_template has several templates and none is named "default"');
  return chosen.template;
}
