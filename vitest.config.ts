import { defineConfig } from 'vitest/config';

// Forks, not vmThreads: koffi and ONNX Runtime are loaded once per process and must not be torn down with a VM context.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/clients/**', '**/node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
