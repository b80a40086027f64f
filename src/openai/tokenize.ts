import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { invalidRequest } from '../errors.ts';
import type { ModelRegistry } from './model-registry.ts';
import { parseBody, requireObject } from './parse-body.ts';
import { promptShape, readPromptEnd, templateOptions } from './prompt-fields.ts';
import { readTokenIds } from './prompt-input.ts';
import { readTools } from './read-tools.ts';
import type { TextCodec } from './served-model.ts';
import { SLICE_LENGTH } from './sliced-json.ts';
import { toolShape } from './tool-schema.ts';
import { toWellFormedText } from './well-formed.ts';

const tokenizeSchema = z.object({
  model: z.string().min(1, 'must not be empty').nullish(),
  prompt: z.string().transform(toWellFormedText).nullish(),
  ...promptShape,
  ...toolShape,
  messages: promptShape.messages.nullish(),
  add_special_tokens: z.boolean().nullish(),
  return_token_strs: z.boolean().nullish(),
});

/** vLLM's answer of POST /tokenize. */
export interface TokenizeResponse {
  readonly count: number;
  readonly max_model_len: number;
  readonly tokens: readonly number[];
  /** The text of each token when return_token_strs is set. */
  readonly token_strs: string[] | null;
}

/**
 * POST /tokenize: the ids that a raw prompt or a conversation becomes; a conversation ends in the generation prompt unless
 * add_generation_prompt is false.
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function tokenize(body: unknown, registry: ModelRegistry): Promise<TokenizeResponse> {
  const fields = parseBody(tokenizeSchema, requireObject(body));
  const { text, engine } = registry.resolve(fields.model);
  const { maxModelLen } = engine.limits;
  let tokens: readonly number[];
  if (fields.messages != null) {
    if (fields.prompt != null) throw invalidRequest('prompt', "Invalid 'prompt': send prompt or messages, not both.");
    if (fields.add_special_tokens === true) {
      const message =
        "Invalid 'add_special_tokens': the chat template adds them; only false is accepted with messages.";
      throw invalidRequest('add_special_tokens', message);
    }
    const { tools, toolChoice } = readTools(fields);
    tokens = await text.encodeChat(fields.messages.turns, {
      ...readPromptEnd(fields),
      ...templateOptions(fields),
      tools: toolChoice === 'none' ? [] : tools,
    });
  } else {
    if (fields.prompt == null) throw invalidRequest('prompt', "Invalid 'prompt': send prompt or messages.");
    if (fields.add_generation_prompt != null) {
      const message = "Invalid 'add_generation_prompt': only allowed with messages.";
      throw invalidRequest('add_generation_prompt', message);
    }
    tokens = await text.encodePrompt(fields.prompt, fields.add_special_tokens ?? true);
  }
  return {
    count: tokens.length,
    max_model_len: maxModelLen,
    tokens,
    token_strs: fields.return_token_strs === true ? await tokenTexts(tokens, text) : null,
  };
}

/** The text of each token by itself; other work gets its turn between slices. */
async function tokenTexts(tokens: readonly number[], text: TextCodec): Promise<string[]> {
  const texts: string[] = [];
  for (const [index, id] of tokens.entries()) {
    if (index > 0 && index % SLICE_LENGTH === 0) await nextTurn();
    texts.push(text.tokenText(id));
  }
  return texts;
}

const detokenizeSchema = z.object({
  model: z.string().min(1, 'must not be empty').nullish(),
  tokens: z.array(z.unknown()),
});

/**
 * POST /detokenize: the text of token ids, special tokens included (vLLM's shape).
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function detokenize(body: unknown, registry: ModelRegistry): Promise<{ prompt: string }> {
  const fields = parseBody(detokenizeSchema, requireObject(body));
  const { text, engine } = registry.resolve(fields.model);
  const { vocabSize } = engine.limits;
  if (fields.tokens.length === 0) return { prompt: '' };
  const tokenIds = readTokenIds(fields.tokens, vocabSize, 'tokens');
  return { prompt: await decodeInSlices(tokenIds, text) };
}

/** The text of token ids, special tokens included; other work gets its turn between slices. */
async function decodeInSlices(tokenIds: readonly number[], text: TextCodec): Promise<string> {
  let decoded = '';
  for (let begin = 0; begin < tokenIds.length; ) {
    if (begin > 0) await nextTurn();
    let end = begin + SLICE_LENGTH;
    while (end < tokenIds.length && !beginsCharacter(text.tokenBytes(tokenIds[end]!))) end++;
    decoded += text.decode(tokenIds.slice(begin, end), { skipSpecialTokens: false });
    begin = end;
  }
  return decoded;
}

/** Whether bytes before these cannot be part of their first character: they do not begin with a continuation byte. */
function beginsCharacter(bytes: Uint8Array): boolean {
  return bytes.length > 0 && (bytes[0]! & 0xc0) !== 0x80;
}
