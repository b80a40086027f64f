import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../src/errors.ts';
import { type ChatTemplate, loadChatTemplate } from '../../src/text/chat-template.ts';
import { readText, TOKENIZER_FOLDER, tokenizer } from './fixtures.ts';

const GENERATE = { addGenerationPrompt: true };
const MESSAGES = [{ role: 'user', content: 'Hello' }];
const textOf = (template: ChatTemplate) => template.renderText(MESSAGES, GENERATE).text;

describe('loadChatTemplate', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'chat-template-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const write = (name: string, text: string) => writeFile(path.join(folder, name), text);
  const config = (chat_template: unknown) => write('tokenizer_config.json', JSON.stringify({ chat_template }));

  it('takes the template of tokenizer_config.json', async () => {
    const template = await loadChatTemplate(TOKENIZER_FOLDER, tokenizer);
    expect(textOf(template)).toBe('<｜begin▁of▁sentence｜>User: Hello\n\nAssistant:');
  });

  it('prefers chat_template.jinja', async () => {
    await config('from the configuration');
    await write('chat_template.jinja', readText('chat-template-v2.5.jinja'));
    expect(textOf(await loadChatTemplate(folder, tokenizer))).toBe(
      '<｜begin▁of▁sentence｜><｜User｜>Hello<｜Assistant｜>',
    );
  });

  it('takes the default one of several, or the only one', async () => {
    const named = (...names: string[]) => config(names.map((name) => ({ name, template: `I am ${name}` })));
    await named('tool_use', 'default');
    expect(textOf(await loadChatTemplate(folder, tokenizer))).toBe('I am default');
    await named('other');
    expect(textOf(await loadChatTemplate(folder, tokenizer))).toBe('I am other');
    await named('one', 'two');
    await expect(loadChatTemplate(folder, tokenizer)).rejects.toThrow(/tokenizer_config\.json: .*"default"/);
  });

  it('loads a checkpoint without a template', async () => {
    for (const absent of [undefined, null, []]) {
      await config(absent);
      expect((await loadChatTemplate(folder, tokenizer)).exists).toBe(false);
    }
  });

  it('names the file of a template that does not parse', async () => {
    await config('{% for x in %}');
    await expect(loadChatTemplate(folder, tokenizer)).rejects.toThrow(/tokenizer_config\.json: /);
    await write('chat_template.jinja', '{{ unclosed');
    await expect(loadChatTemplate(folder, tokenizer)).rejects.toThrow(CheckpointError);
    await expect(loadChatTemplate(folder, tokenizer)).rejects.toThrow(/chat_template\.jinja: /);
  });
});
