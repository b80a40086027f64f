import type { LocalEngine, Output } from './local-engine.ts';

/** What an engine answers to several prompts at once, `count` tokens each. */
export function generate(
  engine: LocalEngine,
  prompts: readonly { readonly prompt: number[]; readonly count: number }[],
): Output[] {
  const outputs = prompts.map(({ prompt, count }) => engine.add(prompt, count));
  engine.runToEnd();
  return outputs;
}
