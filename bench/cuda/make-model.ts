// A model folder in DeepSeek-V2-Lite's shape without weights, for --load-format dummy: node bench/cuda/make-model.ts FOLDER
// The tokenizer is the shipped model's: prompts of a benchmark are token ids anyway.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { V2_LITE } from '../../test/deepseek-v2/published-configs.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: make-model.ts FOLDER');
const shipped = fileURLToPath(new URL('../../models/latent-tiny', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'config.json'), JSON.stringify(V2_LITE, null, 2));
for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
  copyFileSync(path.join(shipped, file), path.join(folder, file));
}
