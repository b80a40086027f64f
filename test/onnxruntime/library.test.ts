import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import koffi from 'koffi';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { connect, ONNX_RUNTIME_VERSION, openOnnxRuntime, packagedLibraryPath } from '../../src/onnxruntime/library.ts';

describe('openOnnxRuntime', () => {
  it('opens the library of the npm package, once per thread', () => {
    const runtime = openOnnxRuntime();
    expect(runtime.version).toBe('1.30.0');
    expect(runtime.libraryPath).toBe(packagedLibraryPath());
    expect(openOnnxRuntime()).toBe(runtime);
  });

  it('keeps the library loaded whatever the garbage collector does', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { api, libraryPath } = openOnnxRuntime();
    for (let i = 0; i < 5; i++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve)); // finalisers run between the turns of the event loop
    }
    const allocator = new BigUint64Array(1);
    api.GetAllocatorWithDefaultOptions(allocator);
    expect(allocator[0]).toBe(openOnnxRuntime(libraryPath).defaultAllocator);
  });

  it('names a missing file and the way to get it', () => {
    const missing = path.join(tmpdir(), 'no-such-folder', 'libonnxruntime.so.1');
    expect(() => openOnnxRuntime(missing)).toThrow(ConfigError);
    expect(() => openOnnxRuntime(missing)).toThrow(
      `there is no file ${missing}. Install the dependencies again (npm ci)`,
    );
  });

  it('says why a file cannot be loaded', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'onnxruntime-'));
    try {
      const file = path.join(folder, 'libonnxruntime.so.1');
      writeFileSync(file, 'not a library');
      expect(() => openOnnxRuntime(file)).toThrow(ConfigError);
      expect(() => openOnnxRuntime(file)).toThrow(`ONNX Runtime cannot be loaded from ${file}: `);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('connect', () => {
  const callbacks: bigint[] = [];
  const memory: bigint[] = [];
  afterEach(() => {
    for (const callback of callbacks.splice(0)) koffi.unregister(callback);
    for (const block of memory.splice(0)) koffi.free(block);
  });

  /** A native OrtApiBase whose functions answer as a library of another version would. */
  function apiBase(version: string): bigint {
    const text: bigint = koffi.alloc('char', 32);
    koffi.encode(text, 'char', `${version}\0`, version.length + 1);
    const base: bigint = koffi.alloc('void *', 2);
    const getApi = koffi.register(() => null, koffi.pointer(koffi.proto('void *', ['uint32_t'])));
    const getVersion = koffi.register(() => text, koffi.pointer(koffi.proto('void *', [])));
    koffi.encode(base, 'void *', [getApi, getVersion], 2);
    callbacks.push(getApi, getVersion);
    memory.push(text, base);
    return base;
  }

  it.each(['1.29.1', '1.30.1', '1.30.0-dev', '2.0.0'])('refuses version %s and names both versions', (version) => {
    const base = apiBase(version);
    expect(() => connect(base, '/opt/libonnxruntime.so.1')).toThrow(ConfigError);
    expect(() => connect(base, '/opt/libonnxruntime.so.1')).toThrow(
      `/opt/libonnxruntime.so.1 is ONNX Runtime ${version}, but this version of latent-serve needs exactly 1.30.0`,
    );
  });

  it('refuses a library without the API version', () => {
    expect(() => connect(apiBase(ONNX_RUNTIME_VERSION), 'lib')).toThrow("lib does not offer ONNX Runtime's API 30");
  });
});
