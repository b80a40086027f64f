/** ok: fine; note: worth knowing; warning: serving works, but not as one would like; failure: serving is impossible. */
export type CheckStatus = 'ok' | 'note' | 'warning' | 'failure';

/** One finding of the doctor. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly status: CheckStatus;
  readonly message: string;
  /** Figures behind the message, for --json. Bytes and counts. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface DoctorReport {
  readonly version: string;
  readonly canServe: boolean;
  readonly checks: readonly Check[];
}

export function toReport(version: string, checks: readonly Check[]): DoctorReport {
  return { version, canServe: checks.every(({ status }) => status !== 'failure'), checks };
}

const MARKS: Readonly<Record<CheckStatus, { mark: string; color: number }>> = {
  ok: { mark: 'ok', color: 32 },
  note: { mark: '--', color: 2 },
  warning: { mark: 'warn', color: 33 },
  failure: { mark: 'FAIL', color: 31 },
};

/** The report as a table, one check a line. */
export function renderReport(report: DoctorReport, useColor: boolean): string {
  const width = Math.max(...report.checks.map(({ title }) => title.length));
  const paint = (text: string, color: number): string => (useColor ? `\u001b[${color}m${text}\u001b[0m` : text);
  const lines = report.checks.map(({ status, title, message }) => {
    const { mark, color } = MARKS[status];
    return `${paint(mark.padEnd(4), color)}  ${title.padEnd(width)}  ${message}`;
  });
  const verdict = report.canServe ? 'This machine can serve.' : 'This machine cannot serve: see FAIL above.';
  return [`latent-serve ${report.version}`, '', ...lines, '', verdict, ''].join('\n');
}
