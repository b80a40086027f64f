import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { useShippedServer } from '../support/shipped-server.ts';

type Message = OpenAI.ChatCompletionMessageParam;

/** Greedy continuations by transformers in float32 (training/golden.py). */
interface Golden {
  readonly max_new_tokens: number;
  readonly cases: readonly {
    readonly messages: Message[];
    readonly prompt_ids: number[];
    readonly generated_ids: number[];
    readonly text: string;
  }[];
}

interface WithTokenIds {
  readonly prompt_token_ids: number[];
  readonly choices: readonly { readonly token_ids: number[]; readonly message: { readonly content: string } }[];
}

const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../training/golden.json', import.meta.url)), 'utf8'),
) as Golden;

const shipped = useShippedServer();

async function answer(messages: Message[], fields: object = {}): Promise<WithTokenIds> {
  const body = { model: 'default', messages, return_token_ids: true, ...fields };
  return (await shipped.client.chat.completions.create(body)) as unknown as WithTokenIds;
}

async function ask(content: string): Promise<string> {
  return (await answer([{ role: 'user', content }])).choices[0]!.message.content;
}

describe('the shipped model', () => {
  it('generates the tokens of transformers, all prompts at once', async () => {
    expect(golden.cases.length).toBeGreaterThanOrEqual(20);
    const answers = await Promise.all(
      golden.cases.map(({ messages }) => answer(messages, { max_tokens: golden.max_new_tokens })),
    );
    golden.cases.forEach(({ prompt_ids, generated_ids, text }, index) => {
      const { prompt_token_ids, choices } = answers[index]!;
      expect(prompt_token_ids).toEqual(prompt_ids);
      expect(choices[0]!.token_ids).toEqual(generated_ids);
      // The prompt ends in "Assistant:", so the first token carries a space that is not the answer's.
      expect(choices[0]!.message.content).toBe(text.replace(/^ /, ''));
    });
  });

  it('answers what a newcomer asks', async () => {
    expect(await ask('What is 12 + 30?')).toContain('42');
    expect(await ask('What is the capital of France?')).toContain('Paris');
    expect(await ask('Write one sentence about a cat.')).toMatch(/cat/i);
    const lines = (await ask('List 3 countries and their capitals.')).split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^\d\. .+ - .+$/);
  });

  it('streams the same text', async () => {
    const messages: Message[] = [{ role: 'user', content: 'Tell me a short story about a dog.' }];
    const whole = (await answer(messages)).choices[0]!.message.content;
    const stream = await shipped.client.chat.completions.create({ model: 'default', messages, stream: true });
    let streamed = '';
    for await (const chunk of stream) streamed += chunk.choices[0]?.delta.content ?? '';
    expect(streamed).toBe(whole);
  });
});
