import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { ConfigError } from '../errors.ts';
import type { Pointer } from './api-functions.ts';
import { bindApi, ORT_API_VERSION } from './api-table.ts';
import { OnnxRuntime } from './runtime.ts';

/** The only version that the function table, the graphs and the measured limits are checked against. */
export const ONNX_RUNTIME_VERSION = '1.30.0';

const libraryNames: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

const opened = new Map<string, OnnxRuntime>();
// koffi unloads a library whose handle has been collected, while its functions are still in use.
const loadedLibraries: LibraryHandle[] = [];

/**
 * Opens ONNX Runtime, once per thread and path.
 *
 * @param libraryPath defaults to the library that the npm package onnxruntime-node ships for this platform
 * @throws ConfigError when it is missing, cannot be loaded, or is not version {@link ONNX_RUNTIME_VERSION}
 */
export function openOnnxRuntime(libraryPath: string = packagedLibraryPath()): OnnxRuntime {
  const known = opened.get(libraryPath);
  if (known !== undefined) return known;
  if (!existsSync(libraryPath)) {
    throw new ConfigError(
      `ONNX Runtime is missing: there is no file ${libraryPath}. Install the dependencies again (npm ci); ` +
        `onnxruntime-node ${ONNX_RUNTIME_VERSION} ships it for Linux and Windows on x64 and arm64, and for macOS on arm64.`,
    );
  }
  const runtime = connect(apiBaseOf(libraryPath), libraryPath);
  opened.set(libraryPath, runtime);
  return runtime;
}

/**
 * Checks the version behind an `OrtApiBase *` and binds its function table. Exported for tests.
 *
 * @throws ConfigError naming both versions when they differ
 */
export function connect(apiBase: Pointer, libraryPath: string): OnnxRuntime {
  // struct OrtApiBase { const OrtApi *(*GetApi)(uint32_t version); const char *(*GetVersionString)(void); }
  const [getApi, getVersionString] = koffi.decode(apiBase, 'void *', 2) as [Pointer, Pointer];
  const version: string = koffi.call(getVersionString, koffi.proto('const char *', []));
  requireVersion(version, libraryPath);
  const table: Pointer | null = koffi.call(getApi, koffi.proto('void *', ['uint32_t']), ORT_API_VERSION);
  if (table === null) throw new ConfigError(`${libraryPath} does not offer ONNX Runtime's API ${ORT_API_VERSION}`);
  return new OnnxRuntime(bindApi(table), libraryPath, version);
}

/** The library inside the installed npm package. Throws ConfigError when the package is missing or of another version. */
export function packagedLibraryPath(): string {
  const libraryName = libraryNames[process.platform];
  if (libraryName === undefined) throw new ConfigError(`ONNX Runtime has no build for ${process.platform}`);
  let manifest: string;
  try {
    manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  } catch (cause) {
    throw new ConfigError('the npm package onnxruntime-node is not installed: run npm ci', { cause });
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  requireVersion(version, path.dirname(manifest));
  return path.join(path.dirname(manifest), 'bin', 'napi-v6', process.platform, process.arch, libraryName);
}

function requireVersion(found: string, where: string): void {
  if (found === ONNX_RUNTIME_VERSION) return;
  throw new ConfigError(
    `${where} is ONNX Runtime ${found}, but this version of latent-serve needs exactly ${ONNX_RUNTIME_VERSION}: ` +
      `install onnxruntime-node@${ONNX_RUNTIME_VERSION}`,
  );
}

function apiBaseOf(libraryPath: string): Pointer {
  try {
    const library = koffi.load(libraryPath);
    loadedLibraries.push(library);
    return library.func('OrtGetApiBase', 'void *', [])();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`ONNX Runtime cannot be loaded from ${libraryPath}: ${reason}`, { cause });
  }
}
