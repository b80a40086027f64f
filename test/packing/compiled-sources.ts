import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Compiles `entry` (below src/, or another root) and what it imports into `folder`, for child processes: Node 20 runs no TypeScript, and
 * dist/ may be older than the sources. `threads` are entries of worker threads, which nothing imports. Returns the path of the compiled entry.
 */
export function compileSources(entry: string, folder: string, root = 'src', threads: readonly string[] = []): string {
  const options = [
    '--ignoreConfig',
    '--target',
    'es2023',
    '--lib',
    'es2023,esnext.disposable',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--rewriteRelativeImportExtensions',
    '--skipLibCheck',
    '--rootDir',
    root,
    '--outDir',
    folder,
  ];
  const files = [entry, ...threads].map((file) => path.join(root, file));
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...options, ...files], { cwd: ROOT });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return path.join(folder, entry.replace(/\.ts$/, '.js'));
}
