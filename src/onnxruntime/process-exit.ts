import koffi from 'koffi';

/**
 * Ends the process at once, without exit handlers. The last resort when a worker is inside a native call: process.exit
 * and uncaught errors wait for that call, this does not. The caller has flushed its log.
 */
export function exitNow(code: number): never {
  try {
    if (process.platform === 'win32') {
      const kernel32 = koffi.load('kernel32.dll');
      const currentProcess: unknown = kernel32.func('GetCurrentProcess', 'void *', [])();
      kernel32.func('TerminateProcess', 'bool', ['void *', 'uint32_t'])(currentProcess, code);
    } else {
      koffi.load(null).func('_exit', 'void', ['int'])(code);
    }
  } catch {
    // The signal below ends the process as surely, only with its own exit code.
  }
  process.kill(process.pid, 'SIGKILL');
  // SIGKILL of oneself is delivered before kill() returns.
  throw new Error('the process outlived SIGKILL');
}
