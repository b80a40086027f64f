import { rmSync } from 'node:fs';

// A file deleted from src/ must not live on in dist/, where a worker could still load it.
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
