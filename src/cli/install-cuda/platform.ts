import { ConfigError } from '../../errors.ts';

export interface Platform {
  readonly platform: string;
  readonly arch: string;
  /** Version of glibc; null on a system with another C library, such as Alpine Linux. */
  readonly glibc: string | null;
}

/** The oldest glibc that the wheels are built for (manylinux_2_28). */
const OLDEST_GLIBC = [2, 28] as const;

export function thisPlatform(): Platform {
  const { platform, arch } = process;
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return { platform, arch, glibc: header.glibcVersionRuntime ?? null };
}

/** @throws ConfigError where the CUDA provider does not run */
export function requireCudaPlatform({ platform, arch, glibc }: Platform): void {
  if (platform !== 'linux' || arch !== 'x64') {
    throw new ConfigError(`the CUDA libraries are for Linux on x64; this is ${platform} on ${arch}`);
  }
  if (glibc === null) {
    throw new ConfigError(
      'the CUDA libraries need glibc, and this Linux has another C library (musl?): use a distribution such as Debian, Ubuntu or Fedora',
    );
  }
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  if (major > OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor >= OLDEST_GLIBC[1])) return;
  throw new ConfigError(`the CUDA libraries need glibc ${OLDEST_GLIBC.join('.')} or newer; this is glibc ${glibc}`);
}
