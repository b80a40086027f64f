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
    tokenizerInfo: { bos_token: '<bos>', eos_token: '<eos>', add_bos_token: true, chat_template: null },
    addedTokenId: (text) => [...SPECIALS].find(([, spelling]) => spelling === text)?.[0],
    toolFormat: 'json',
    reasoningFormat: null,
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
    encodeText: async (text) => encode(text),
    encodeChat: async (turns: readonly ChatTurn[], { addGenerationPrompt, continueFinalMessage = false }) => [
      BOS,
      ...turns.flatMap(({ role, content }, index) =>
        role === 'assistant'
          ? [ASSISTANT, ...encode(content), ...(continueFinalMessage && index === turns.length - 1 ? [] : [EOS])]
          : [...(role === 'user' ? [USER] : []), ...encode(content)],
      ),
      ...(addGenerationPrompt ? [ASSISTANT] : []),
    ],
  };
}
