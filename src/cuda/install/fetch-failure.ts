import { ConfigError } from '../../errors.ts';

/** An address as it may be shown: without password and query, which may be a signature. */
export function locationName(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Why fetch() failed, for people. Errors of our own are returned as they are. */
export function fetchFailure(url: URL, error: unknown): Error {
  if (error instanceof ConfigError) return error;
  return new ConfigError(
    `${locationName(url)} cannot be reached (${reasonOf(error)}). Name a mirror with --index-url, or fetch the wheels on ` +
      'another machine and pass their folder with --wheels: "latent-serve install-cuda --dry-run" lists them.',
    { cause: error },
  );
}

/** fetch() itself says no more than that it failed: the cause has the system's code. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  return error.message;
}
