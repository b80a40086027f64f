/** How a model sets its reasoning apart from the answer (vLLM's name): `<think>…</think>` in front of it. */
export type ReasoningFormat = 'deepseek_r1';

export const THINK_BEGIN = '<think>';
export const THINK_END = '</think>';
