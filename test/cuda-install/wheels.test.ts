import { describe, expect, it } from 'vitest';
import { type Platform, requireCudaPlatform } from '../../src/cli/install-cuda/platform.ts';
import { libraryName } from '../../src/cuda/install/unpack.ts';
import { CUDA_WHEELS, NCCL_WHEEL, pipCommand } from '../../src/cuda/install/wheels.ts';
import { CUDA_LIBRARIES, PROVIDER_LIBRARIES } from '../../src/cuda/libraries.ts';
import { ONNX_RUNTIME_VERSION } from '../../src/onnxruntime/library.ts';

const ALL = [...CUDA_WHEELS, NCCL_WHEEL];

describe('the pinned wheels', () => {
  it('are those of the ONNX Runtime in use', () => {
    expect(CUDA_WHEELS.find(({ project }) => project === 'onnxruntime-gpu')?.version).toBe(ONNX_RUNTIME_VERSION);
  });

  it('bring exactly what a start looks for', () => {
    const names = CUDA_WHEELS.flatMap(({ libraries }) => libraries.map(libraryName));
    expect(names.sort()).toEqual([...PROVIDER_LIBRARIES, ...CUDA_LIBRARIES].sort());
  });

  it.each(ALL)('$project: file name, hash and sizes are of one wheel', ({ project, version, filename, ...wheel }) => {
    expect(filename.startsWith(`${project.replaceAll('-', '_')}-${version}-`)).toBe(true);
    expect(filename).toMatch(/manylinux\w*_x86_64\.whl$/);
    expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(wheel.byteLength).toBeGreaterThan(1_000_000);
    for (const { entry, byteLength } of wheel.libraries) {
      expect(entry).toMatch(/^[\w/.]+\.so(\.\d+)?$/);
      expect(byteLength).toBeGreaterThan(0);
    }
  });

  it('can be fetched by pip on any machine', () => {
    const command = pipCommand(ALL);
    for (const { project, version } of ALL) expect(command).toContain(` ${project}==${version}`);
    for (const tag of ['manylinux_2_28', 'manylinux_2_27', 'manylinux_2_18', 'manylinux_2_17', 'manylinux2014']) {
      expect(command).toContain(` --platform ${tag}_x86_64 `);
    }
  });
});

describe('requireCudaPlatform', () => {
  const good: Platform = { platform: 'linux', arch: 'x64', glibc: '2.28' };

  it.each(['2.28', '2.36', '3.0'])('takes glibc %s', (glibc) => {
    expect(() => requireCudaPlatform({ ...good, glibc })).not.toThrow();
  });

  it.each<[Partial<Platform>, RegExp]>([
    [{ platform: 'darwin', arch: 'arm64' }, /Linux on x64; this is darwin on arm64/],
    [{ platform: 'win32' }, /this is win32 on x64/],
    [{ arch: 'arm64' }, /this is linux on arm64/],
    [{ glibc: null }, /musl/],
    [{ glibc: '2.17' }, /glibc 2\.28 or newer; this is glibc 2\.17/],
  ])('refuses %j', (part, message) => {
    expect(() => requireCudaPlatform({ ...good, ...part })).toThrow(message);
  });
});
