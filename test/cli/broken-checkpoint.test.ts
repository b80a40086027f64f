import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './support/run-cli.ts';
import { largeTokenizerFile, writeTinyCheckpoint } from './support/tiny-checkpoint.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'broken-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function edit(file: string, change: (json: Record<string, unknown>) => void): void {
  const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(json);
  writeFileSync(file, JSON.stringify(json));
}

/** Damage done to a good checkpoint, the file that the error must name and what it must say of it. */
const KINDS: readonly [string, (folder: string) => void, string, RegExp][] = [
  ['a folder that does not exist', (folder) => rmSync(folder, { recursive: true }), '', /no such folder/],
  ['no config.json', (folder) => rmSync(path.join(folder, 'config.json')), 'config.json', /not exist|no such file/],
  [
    'a config.json that is not JSON',
    (folder) => writeFileSync(path.join(folder, 'config.json'), '{"a":'),
    'config.json',
    /JSON/,
  ],
  [
    'another architecture',
    (folder) =>
      edit(path.join(folder, 'config.json'), (json) => {
        json['architectures'] = ['LlamaForCausalLM\u001b[31m\nfake line'];
        json['model_type'] = 'llama';
      }),
    'config.json',
    /LlamaForCausalLM.*not supported/,
  ],
  ['no weights', (folder) => rmSync(path.join(folder, 'model.safetensors')), '', /holds no weights/],
  [
    'weights that were cut off',
    (folder) => {
      const file = path.join(folder, 'model.safetensors');
      writeFileSync(file, readFileSync(file).subarray(0, 100_000));
    },
    'model.safetensors',
    /./,
  ],
  [
    'a header of absurd size',
    (folder) => writeFileSync(path.join(folder, 'model.safetensors'), Buffer.alloc(64, 0xff)),
    'model.safetensors',
    /header/,
  ],
  [
    'weights of another model',
    (folder) =>
      edit(path.join(folder, 'config.json'), (json) => {
        json['num_hidden_layers'] = 4;
      }),
    'model.safetensors',
    /lacks tensors/,
  ],
  ['no tokenizer', (folder) => rmSync(path.join(folder, 'tokenizer.json')), 'tokenizer.json', /no such file|not exist/],
  ['a broken tokenizer', (folder) => writeFileSync(path.join(folder, 'tokenizer.json'), '[]'), 'tokenizer.json', /./],
  [
    'the tokenizer of another model',
    (folder) => copyFileSync(largeTokenizerFile(), path.join(folder, 'tokenizer.json')),
    'tokenizer.json',
    /tokens, more than the 301 of the model/,
  ],
  [
    'a broken generation_config.json',
    (folder) => writeFileSync(path.join(folder, 'generation_config.json'), '{"temperature":"hot"}'),
    'generation_config.json',
    /temperature/,
  ],
  [
    'a broken chat template',
    (folder) => writeFileSync(path.join(folder, 'chat_template.jinja'), '{% for x in %}'),
    'chat_template.jinja',
    /./,
  ],
];

describe('serve says in one line what is wrong with a checkpoint, and ends with exit code 1', () => {
  it.each(KINDS)('%s', async (name, damage, file, reason) => {
    const folder = writeTinyCheckpoint(path.join(root, name.replaceAll(' ', '-')));
    damage(folder);
    const args = ['serve', folder, '--port', '0', '--cache-dir', path.join(root, 'cache')];
    const { code, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stderr.endsWith('\n')).toBe(true);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr.startsWith(`latent-serve: ${path.join(folder, file)}`)).toBe(true);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain('\u001b');
  });

  it('a file in place of a folder', async () => {
    const { code, stderr } = await runCli(['serve', largeTokenizerFile(), '--port', '0']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^latent-serve: .*tokenizer\.json: is a file; a checkpoint is a folder.*\n$/);
  });

  it('a name of the Hugging Face Hub, with what to do', async () => {
    const { code, stderr } = await runCli(['serve', 'deepseek-ai/DeepSeek-V2-Lite-Chat', '--port', '0']);
    expect(code).toBe(1);
    expect(stderr).toContain('hf download deepseek-ai/DeepSeek-V2-Lite-Chat');
  });

  it("a chat template of one's own that is none", async () => {
    const folder = writeTinyCheckpoint(path.join(root, 'own-template'));
    const { code, stderr } = await runCli(['serve', folder, '--port', '0', '--chat-template', '/no/such.jinja']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^latent-serve: the chat template \/no\/such\.jinja cannot be used: .*\n$/);
  });
});
