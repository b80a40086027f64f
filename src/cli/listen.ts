import { ConfigError } from '../errors.ts';
import type { buildApp } from '../http/app.ts';

/** Fastify's instance, by way of its only importer. */
export type App = ReturnType<typeof buildApp>;

/**
 * Starts to listen.
 * @returns the URL under which this machine reaches the server
 * @throws ConfigError when the address cannot be used
 */
export async function listen(app: App, host: string, port: number): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw new ConfigError(describe((cause as NodeJS.ErrnoException).code ?? String(cause), host, port), { cause });
  }
  const address = app.server.address();
  const actualPort = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${reachableHost(host)}:${actualPort}`;
}

/** Why an address cannot be listened on, in words. */
export function describe(code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use by another program; choose another one with --port`;
    case 'EACCES':
      return `this user may not listen on port ${port}; ports below 1024 belong to the system, choose another with --port`;
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine; --host takes one of its own, or 0.0.0.0 for all`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} given with --host is unknown`;
    default:
      return `cannot listen on port ${port} of ${host}: ${code}`;
  }
}

function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
