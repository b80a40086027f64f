import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { kebabName, SETTING_KEYS, SETTINGS, variableName } from '../../src/config/settings.ts';
import { runCli } from './support/run-cli.ts';

/** Help of a command, its lines joined, so that wrapping does not matter. */
function helpOf(command: string): string {
  const text = buildProgram({})
    .commands.find((each) => each.name() === command)!
    .helpInformation();
  return text.replace(/\s+/g, ' ');
}

describe('serve --help', () => {
  it.each(SETTING_KEYS)('documents %s: flag, default and variable', (key) => {
    const help = helpOf('serve');
    expect(help).toContain(` --${kebabName(key)} `);
    expect(help).toContain(`[${variableName(key)}]`);
    const entry = help.slice(help.indexOf(` --${kebabName(key)} `), help.indexOf(`[${variableName(key)}]`));
    expect(entry).toContain('(default: ');
    expect(entry).not.toContain('null');
  });

  it('shows the defaults of the schema', () => {
    const help = helpOf('serve');
    expect(help).toMatch(/--port <PORT> [^[]*\(default: 8000\)/);
    expect(help).toMatch(/--enable-prefix-caching [^[]*\(default: on\)/);
    expect(help).toMatch(/--max-num-queued-reqs <N> [^[]*\(default: 1024\)/);
  });

  it('gives every switch its opposite', () => {
    for (const key of SETTING_KEYS) {
      if (SETTINGS[key].value === null) expect(helpOf('serve')).toContain(` --no-${kebabName(key)} `);
    }
  });

  it('has groups, the source of settings and two examples', async () => {
    const { code, stdout } = await runCli(['serve', '--help']);
    expect(code).toBe(0);
    for (const heading of ['Model:', 'Server:', 'Engine:', 'Examples:', '--config <FILE>'])
      expect(stdout).toContain(heading);
    expect(stdout.split('Examples:')[1]!.match(/latent-serve serve/g)).toHaveLength(2);
  });
});

describe('the program', () => {
  it('prints help without arguments', async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of ['serve', 'chat', 'doctor']) expect(stdout).toContain(`  ${command} `);
  });

  it('prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['serve', '--portt', '1'], "unknown option '--portt'"],
    [['serve', '--port'], 'argument missing'],
    [['serve', 'a', 'b'], 'too many arguments'],
    [['serve', 'a', '--model', 'b'], 'two models are given'],
    [['serve', '--port', 'x'], '--port must be a whole number'],
    [['serve', '--config', '/no/such.json'], '/no/such.json cannot be read'],
    [['chat', '--temperature', 'x'], '--temperature'],
    [['chat', '--url', 'nonsense'], '--url must be'],
    [['doctor', '--max-num-seqs', '1'], "unknown option '--max-num-seqs'"],
    [['install-cuda', '--wheels', 'a', '--index-url', 'https://pypi.org/simple'], 'exclude each other'],
    [['install-cuda', '--index-url', 'ftp://x'], 'must be an http or https address'],
  ])('refuses %j with exit code 1', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('refuses an unknown variable before anything else', async () => {
    const { code, stderr } = await runCli(['serve'], { env: { LATENT_SERVE_PROT: '1' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^latent-serve: .*LATENT_SERVE_PROT.*\n$/);
  });
});
