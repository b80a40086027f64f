import type { ChatTurn, TextCodec } from '../../../src/openai/served-model.ts';

export const BOS = 256;
export const EOS = 257;
export const USER = 258;
export const ASSISTANT = 259;
export const BYTE_VOCAB_SIZE = 260;

const SPECIALS = new Map([
  [BOS, '<bos>'],
  [EOS, '<eos>'],
  [USER, '<user>'],
  [ASSISTANT, '<assistant>'],
]);

const bytesOf = (id: number): Uint8Array =>
  id < 256 ? Uint8Array.of(id) : new TextEncoder().encode(SPECIALS.get(id) ?? '');

/** One token per byte, and four special tokens: small enough to check by eye. */
export function byteCodec(): TextCodec {
  const encode = (text: string): number[] => [...new TextEncoder().encode(text)];
  return {
    maxTokenLength: 11,
    isSpecial: (id) => id >= 256,
    tokenBytes: bytesOf,
    tokenText: (id) => new TextDecoder().decode(bytesOf(id)),
    decode: (ids, { skipSpecialTokens }) =>
      Buffer.concat(ids.filter((id) => id < 256 || !skipSpecialTokens).map(bytesOf)).toString('utf8'),
    encodePrompt: async (text, addSpecialTokens) => {
      const ids = text.split(/(<bos>|<eos>|<user>|<assistant>)/).flatMap((part) => {
        const special = [...SPECIALS].find(([, spelling]) => spelling === part);
        return special === undefined ? encode(part) : [special[0]];
      });
      return addSpecialTokens ? [BOS, ...ids] : ids;
    },
    encodeChat: async (turns: readonly ChatTurn[], { addGenerationPrompt }) => [
      BOS,
      ...turns.flatMap(({ role, content }) =>
        role === 'assistant'
          ? [ASSISTANT, ...encode(content), EOS]
          : [...(role === 'user' ? [USER] : []), ...encode(content)],
      ),
      ...(addGenerationPrompt ? [ASSISTANT] : []),
    ],
  };
}
