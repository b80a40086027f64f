import { invalidRequest } from '../errors.ts';
import type { PromptInput } from './prompt-input.ts';
import type { ServedModel, TextCodec } from './served-model.ts';

/** DeepSeek-Coder's fill-in-the-middle tokens (its README; the same in Coder-V2). */
const FIM_TOKENS = { begin: '<｜fim▁begin｜>', hole: '<｜fim▁hole｜>', end: '<｜fim▁end｜>' } as const;

interface FimTokenIds {
  readonly begin: number;
  readonly hole: number;
  readonly end: number;
}

/**
 * Ids of `<｜fim▁begin｜>prompt<｜fim▁hole｜>suffix<｜fim▁end｜>`. Special tokens that the texts spell out are plain text: a
 * file that mentions them must not fall apart. Token ids are taken as they are, but for a BOS that they begin with.
 * @throws ApiError 400 naming `suffix` when the model cannot fill in the middle
 */
export async function encodeFim(
  input: PromptInput,
  suffix: string,
  model: ServedModel,
  addSpecialTokens: boolean,
): Promise<readonly number[]> {
  const { text } = model;
  const fim = fimTokenIds(text);
  if (fim === null) {
    const message = `Invalid 'suffix': ${model.names[0]} cannot fill in the middle: its tokenizer lacks ${FIM_TOKENS.begin}, ${FIM_TOKENS.hole} or ${FIM_TOKENS.end}.`;
    throw invalidRequest('suffix', message, 'unsupported_parameter');
  }
  const bos = await text.encodePrompt('', true);
  const before = 'text' in input ? await text.encodeText(input.text) : input.tokenIds;
  const hasOwnBos = 'tokenIds' in input && bos.length > 0 && before[0] === bos[0];
  const after = await text.encodeText(suffix);
  return [
    ...(addSpecialTokens || hasOwnBos ? bos : []),
    fim.begin,
    ...(hasOwnBos ? before.slice(1) : before),
    fim.hole,
    ...after,
    fim.end,
  ];
}

function fimTokenIds(text: TextCodec): FimTokenIds | null {
  const begin = text.addedTokenId(FIM_TOKENS.begin);
  const hole = text.addedTokenId(FIM_TOKENS.hole);
  const end = text.addedTokenId(FIM_TOKENS.end);
  return begin === undefined || hole === undefined || end === undefined ? null : { begin, hole, end };
}
