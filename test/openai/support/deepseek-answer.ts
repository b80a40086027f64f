import { type AnswerStyle, PLAIN_ANSWER } from '../../../src/openai/answer-reader.ts';
import { SCRIPTED_TIMES } from './scripted-engine.ts';

// What renderers are given of an answer: first and last event, styles, and calls in DeepSeek's own marks.
export const start = {
  type: 'start',
  numPromptTokens: 9,
  numCachedTokens: 4,
  promptLogprobs: null,
  times: SCRIPTED_TIMES,
} as const;
export const finish = { type: 'finish', reason: 'stop', stopReason: null, numCompletionTokens: 5 } as const;

export const marks: AnswerStyle = {
  ...PLAIN_ANSWER,
  hasTools: true,
  callFinishReason: 'tool_calls',
  toolFormat: 'deepseek',
  toolNames: ['weather', 'time'],
  maxCalls: 8,
};
export const thinking: AnswerStyle = { ...marks, reasoning: { isOpen: false, isShown: true } };

export const call = (name: string, json: string) =>
  `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n${json}\n\`\`\`<｜tool▁call▁end｜>`;
export const calls = (...list: string[]) => `<｜tool▁calls▁begin｜>${list.join('\n')}<｜tool▁calls▁end｜>`;
