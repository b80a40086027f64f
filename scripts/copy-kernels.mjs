import { cpSync } from 'node:fs';

// tsc copies no files of other kinds: compiled CUDA kernels go where dist/cuda/kernel-module.js looks for them.
const source = new URL('../src/cuda/kernels/compiled/', import.meta.url);
cpSync(source, new URL('../dist/cuda/kernels/compiled/', import.meta.url), { recursive: true });
