/** What a script checks, one line each; ends with `N passed, N failed`. */
export class Checks {
  #passed = 0;
  #failed = 0;

  report(name: string, isOk: boolean, detail: string): void {
    if (isOk) this.#passed++;
    else this.#failed++;
    process.stdout.write(`${isOk ? 'ok' : 'not ok'} - ${name}: ${detail}\n`);
  }

  /** The closing line, and the exit code. */
  finish(): void {
    process.stdout.write(`${this.#passed} passed, ${this.#failed} failed\n`);
    process.exitCode = this.#failed > 0 ? 1 : 0;
  }
}
