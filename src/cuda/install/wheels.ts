/** A shared library that is taken from a wheel. */
export interface WheelLibrary {
  /** Path inside the wheel; the library keeps its file name. */
  readonly entry: string;
  /** Size once unpacked. */
  readonly byteLength: number;
}

/** A wheel of the Python package index, of which only shared libraries are used: no Python is needed. */
export interface Wheel {
  /** Name of the project in the index, normalised as PEP 503 has it. */
  readonly project: string;
  readonly version: string;
  readonly filename: string;
  readonly byteLength: number;
  /** Of the wheel itself, in hexadecimal; whoever publishes it, nothing else is unpacked. */
  readonly sha256: string;
  readonly libraries: readonly WheelLibrary[];
}

/**
 * ONNX Runtime's CUDA provider and the libraries that it is linked against. The versions are those of the CUDA toolkit
 * 13.0.2 (driver 580 or newer). Hashes and sizes as PyPI states them.
 */
export const CUDA_WHEELS: readonly Wheel[] = [
  {
    project: 'onnxruntime-gpu',
    version: '1.30.0',
    filename: 'onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl',
    byteLength: 246_685_715,
    sha256: '6acc0f4b3d5ac5f2984432faa59dd8fcce6775f8b43a7140afa0f322c7a703b1',
    libraries: [
      { entry: 'onnxruntime/capi/libonnxruntime_providers_shared.so', byteLength: 14_632 },
      { entry: 'onnxruntime/capi/libonnxruntime_providers_cuda.so', byteLength: 272_049_904 },
    ],
  },
  {
    project: 'nvidia-cuda-runtime',
    version: '13.0.96',
    filename: 'nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    byteLength: 2_243_632,
    sha256: '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
    libraries: [{ entry: 'nvidia/cu13/lib/libcudart.so.13', byteLength: 704_288 }],
  },
  {
    project: 'nvidia-cublas',
    version: '13.1.0.3',
    filename: 'nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl',
    byteLength: 423_133_236,
    sha256: 'ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171',
    libraries: [
      { entry: 'nvidia/cu13/lib/libcublasLt.so.13', byteLength: 541_595_600 },
      { entry: 'nvidia/cu13/lib/libcublas.so.13', byteLength: 54_177_976 },
    ],
  },
  {
    project: 'nvidia-curand',
    version: '10.4.0.35',
    filename: 'nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl',
    byteLength: 59_544_258,
    sha256: '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc',
    libraries: [{ entry: 'nvidia/cu13/lib/libcurand.so.10', byteLength: 132_698_328 }],
  },
];

/** Collective communication, for several GPUs. */
export const NCCL_WHEEL: Wheel = {
  project: 'nvidia-nccl-cu13',
  version: '2.28.9',
  filename: 'nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl',
  byteLength: 196_493_177,
  sha256: 'e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42',
  libraries: [{ entry: 'nvidia/nccl/lib/libnccl.so.2', byteLength: 217_995_896 }],
};

/** Bytes of these wheels' libraries on disk. */
export function unpackedBytes(wheels: readonly Wheel[]): number {
  return wheels.flatMap(({ libraries }) => libraries).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The pip command that fetches these wheels on any machine into the folder `wheels`. */
export function pipCommand(wheels: readonly Wheel[]): string {
  const tags = wheels.flatMap(({ filename }) => filename.match(/manylinux\w+(?=_x86_64)/g) ?? []);
  const platforms = [...new Set(tags)].sort().map((tag) => `--platform ${tag}_x86_64`);
  const options = ['--no-deps', '--only-binary=:all:', '--python-version 3.12', '--implementation cp', ...platforms];
  const names = wheels.map(({ project, version }) => `${project}==${version}`);
  return ['pip download', ...options, '-d wheels', ...names].join(' ');
}
