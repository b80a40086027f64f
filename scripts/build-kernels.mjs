// Compiles src/cuda/kernels/portable/*.cu to PTX: node scripts/build-kernels.mjs [--check]
// With --check nothing is written, and the exit code is 1 when a committed file is not what its source compiles to.
// nvcc is taken from $NVCC, else from PyPI's wheels, installed once into .cache/kernels.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const sources = path.join(root, 'src/cuda/kernels/portable');
const compiled = path.join(root, 'src/cuda/kernels/compiled');
const environment = path.join(root, '.cache/kernels');
const VERSION = '13.0';
/** Exact: another release of the compiler writes other text. */
const WHEELS = {
  'nvidia-cuda-nvcc': '13.0.88',
  'nvidia-cuda-crt': '13.0.88',
  'nvidia-nvvm': '13.0.88',
  'nvidia-cuda-runtime': '13.0.96',
  'nvidia-cuda-cccl': '13.0.85',
};
/** Any card from Ampere on: the driver finishes the compilation. */
const ARCHITECTURE = 'compute_80';

function run(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The folder that holds bin/nvcc and include/. */
function toolkit() {
  if (process.env.NVCC) return path.dirname(path.dirname(process.env.NVCC));
  const find = () =>
    existsSync(path.join(environment, 'lib'))
      ? readdirSync(path.join(environment, 'lib'))
          .map((name) => path.join(environment, 'lib', name, 'site-packages/nvidia/cu13'))
          .find((folder) => existsSync(path.join(folder, 'bin/nvcc')))
      : undefined;
  const known = find();
  if (known) return known;
  process.stdout.write(`installing nvcc ${VERSION} into .cache/kernels\n`);
  run('python3', ['-m', 'venv', environment]);
  const wheels = Object.entries(WHEELS).map(([name, version]) => `${name}==${version}`);
  run(path.join(environment, 'bin/pip'), ['install', '--quiet', '--no-deps', ...wheels]);
  return find();
}

const isCheck = process.argv.includes('--check');
const home = toolkit();
const work = mkdtempSync(path.join(tmpdir(), 'latent-serve-kernels-'));
let passed = 0;
let failed = 0;
try {
  for (const source of readdirSync(sources).filter((name) => name.endsWith('.cu'))) {
    const name = `portable-${source.replace(/\.cu$/, '.ptx')}`;
    const output = path.join(work, name);
    const flags = ['-O3', '-std=c++17', `-arch=${ARCHITECTURE}`, '-ptx', `-I${path.join(home, 'include')}`];
    run(path.join(home, 'bin/nvcc'), [...flags, path.join(sources, source), '-o', output]);
    const text = readFileSync(output, 'utf8');
    const target = path.join(compiled, name);
    if (!isCheck) writeFileSync(target, text);
    const isSame = existsSync(target) && readFileSync(target, 'utf8') === text;
    if (isSame) passed++;
    else failed++;
    process.stdout.write(`${isSame ? 'ok' : 'not ok'} - ${name} is what ${source} compiles to\n`);
  }
} finally {
  rmSync(work, { recursive: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
