// Compiles src/cuda/kernels: portable/*.cu to PTX for any card from Ampere on, hopper/*.cu to machine code for sm_90a.
//   node scripts/build-kernels.mjs           compiles into src/cuda/kernels/compiled, compressed, and removes what has no source there
//   node scripts/build-kernels.mjs --check   writes nothing; exit code 1 when a committed file is not what its source compiles to
// nvcc is taken from $NVCC, else from PyPI's wheels, installed once into .cache/kernels.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const sources = path.join(root, 'src/cuda/kernels');
const compiled = path.join(sources, 'compiled');
const environment = path.join(root, '.cache/kernels');
const VERSION = '13.0';
/** Exact: another release of the compiler writes other code. */
const WHEELS = {
  'nvidia-cuda-nvcc': '13.0.88',
  'nvidia-cuda-crt': '13.0.88',
  'nvidia-nvvm': '13.0.88',
  'nvidia-cuda-runtime': '13.0.96',
  'nvidia-cuda-cccl': '13.0.85',
};
const TARGETS = {
  // The driver finishes the compilation.
  portable: { extension: 'ptx', flags: ['-arch=compute_80', '-ptx'] },
  hopper: { extension: 'cubin', flags: ['-gencode=arch=compute_90a,code=sm_90a', '-cubin'] },
};

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

/** Every source with what it is compiled to. */
function listJobs() {
  return Object.entries(TARGETS).flatMap(([folder, { extension, flags }]) =>
    readdirSync(path.join(sources, folder))
      .filter((name) => name.endsWith('.cu'))
      .map((name) => ({
        source: `${folder}/${name}`,
        name: `${folder}-${name.replace(/\.cu$/, `.${extension}`)}`,
        flags,
      })),
  );
}

const isCheck = process.argv.includes('--check');
const home = toolkit();
const work = mkdtempSync(path.join(tmpdir(), 'latent-serve-kernels-'));
const jobs = listJobs();
const totals = { passed: 0, failed: 0 };

/** The instances of a template repeat each other over hundreds of kilobytes, which Brotli's window holds and that of gzip does not. */
function compress(code) {
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: code.length };
  return brotliCompressSync(code, { params });
}

async function compile({ source, name, flags }) {
  const output = path.join(work, name);
  const all = ['-O3', '-std=c++17', ...flags, `-I${path.join(home, 'include')}`, source, '-o', output];
  // A relative name, since the compiler derives names in its output from it.
  await promisify(execFile)(path.join(home, 'bin/nvcc'), all, { cwd: sources });
  const code = readFileSync(output);
  const target = path.join(compiled, `${name}.br`);
  // Releases of Brotli may compress differently: the code is what must be the same.
  const isStored = () => existsSync(target) && brotliDecompressSync(readFileSync(target)).equals(code);
  if (!isCheck && !isStored()) writeFileSync(target, compress(code));
  const isSame = isStored();
  totals[isSame ? 'passed' : 'failed']++;
  process.stdout.write(`${isSame ? 'ok' : 'not ok'} - ${name} is what ${source} compiles to\n`);
}

async function worker(queue) {
  for (let job = queue.shift(); job; job = queue.shift()) await compile(job);
}

try {
  const queue = [...jobs];
  await Promise.all(Array.from({ length: availableParallelism() }, () => worker(queue)));
  const known = new Set(jobs.map(({ name }) => `${name}.br`));
  for (const name of readdirSync(compiled).filter((file) => !known.has(file))) {
    if (isCheck) totals.failed++;
    else rmSync(path.join(compiled, name));
    process.stdout.write(`${isCheck ? 'not ok' : 'removed'} - ${name} has no source\n`);
  }
} finally {
  rmSync(work, { recursive: true });
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
process.exitCode = totals.failed > 0 ? 1 : 0;
