import type { DeltaEvent, GenerationEvent } from '../engine/engine.ts';
import type { ApiError } from '../errors.ts';
import { type AnswerPart, type AnswerReader, openAnswer } from './answer-reader.ts';
import { partDelta } from './chat-delta.ts';
import { chatLogprobs } from './chat-logprobs.ts';
import { chunkHead } from './chunk-head.ts';
import type { GenerationPlan } from './generation-plan.ts';
import { chatFinishReason } from './read-answer.ts';
import { DONE_FRAME, failFrames, type StreamRenderer } from './stream-renderer.ts';
import { UsageTally } from './usage.ts';

type ChunkTokens = Pick<DeltaEvent, 'tokenIds' | 'logprobs'>;
/** What a chunk carries that brings no tokens of its own. */
const NO_TOKENS: ChunkTokens = { tokenIds: [], logprobs: null };

/**
 * `chat.completion.chunk` frames in OpenAI's order: a role chunk per choice, content, a chunk with finish_reason per choice,
 * the usage chunk. The constant parts are laid out once; a plain content chunk stringifies nothing but its text.
 */
export class ChatStreamRenderer implements StreamRenderer {
  readonly #plan: GenerationPlan;
  readonly #tally: UsageTally;
  readonly #head: string;
  /** Per choice: the frame of a plain content chunk up to the text. */
  readonly #contentHeads: readonly string[];
  readonly #isPlain: boolean;
  /** Per choice; empty where answers are text as they stand. */
  readonly #readers: readonly AnswerReader[];
  /** Per choice. */
  readonly #numCalls: number[];

  constructor(plan: GenerationPlan) {
    this.#plan = plan;
    this.#tally = new UsageTally(plan);
    this.#head = `data: ${chunkHead(plan, 'chat.completion.chunk')}`;
    this.#contentHeads = plan.requests.map((_, i) => `${this.#head}"choices":[{"index":${i},"delta":{"content":`);
    const hasParts = plan.answer.hasTools || plan.answer.reasoning !== null;
    this.#isPlain = plan.logprobs === null && !plan.returnTokenIds && !hasParts;
    this.#readers = hasParts ? plan.requests.map(() => openAnswer(plan.answer)) : [];
    this.#numCalls = plan.requests.map(() => 0);
  }

  open(): string {
    const { returnTokenIds, prompts, promptText, requests, echo } = this.#plan;
    const text = promptText === null ? '' : `,"prompt_text":${JSON.stringify(promptText)}`;
    const prompt = returnTokenIds ? `,"prompt_token_ids":${JSON.stringify(prompts[0]?.tokenIds ?? [])}${text}` : text;
    const tail = `,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]${prompt}${this.#usage()}}\n\n`;
    const echoed = echo ? (prompts[0]?.text ?? '') : '';
    return requests
      .map((_, i) => {
        const role = `${this.#head}"choices":[{"index":${i}${tail}`;
        return echoed === '' ? role : role + this.#chunk(i, { content: echoed }, NO_TOKENS);
      })
      .join('');
  }

  event(choice: number, event: GenerationEvent): string {
    if (event.type === 'delta') return this.#delta(choice, event);
    if (event.type === 'start') {
      this.#tally.start(choice, event);
      return '';
    }
    this.#tally.finish(choice, event);
    const rest = this.#parts(choice, this.#readers[choice]?.end() ?? []);
    const frames = rest.map((part) => this.#chunk(choice, partDelta(part, this.#plan.answer), NO_TOKENS)).join('');
    const reason = chatFinishReason(this.#plan.answer, event.reason, this.#numCalls[choice] ?? 0);
    const stopReason = JSON.stringify(event.stopReason);
    const ids = this.#plan.returnTokenIds ? ',"token_ids":[]' : '';
    return `${frames}${this.#head}"choices":[{"index":${choice},"delta":{},"logprobs":null,"finish_reason":"${reason}","stop_reason":${stopReason}${ids}}]${this.#usage()}}\n\n`;
  }

  fail(error: ApiError): string {
    return failFrames(error);
  }

  close(): string {
    if (!this.#plan.stream?.includeUsage) return DONE_FRAME;
    return `${this.#head}"choices":[],"usage":${JSON.stringify(this.#tally.toUsage())}}\n\n${DONE_FRAME}`;
  }

  #delta(choice: number, event: DeltaEvent): string {
    this.#tally.add(choice, event.tokenIds.length);
    if (this.#isPlain) {
      // A token that completes no character, or may begin a stop string, has nothing to show yet.
      if (event.text === '') return '';
      return `${this.#contentHeads[choice]}${JSON.stringify(event.text)}},"logprobs":null,"finish_reason":null}]${this.#usage()}}\n\n`;
    }
    this.#tally.read(choice, event.tokenIds);
    const reader = this.#readers[choice];
    const deltas = reader
      ? this.#parts(choice, reader.push(event.text)).map((part) => partDelta(part, this.#plan.answer))
      : [{ content: event.text }];
    const showsTokens = this.#plan.returnTokenIds || event.logprobs !== null;
    // Tokens that show nothing yet have log-probabilities and ids all the same.
    if (deltas.length === 0 && showsTokens) deltas.push({});
    return deltas.map((delta, i) => this.#chunk(choice, delta, i === 0 ? event : NO_TOKENS)).join('');
  }

  /** The parts, with the calls among them counted. */
  #parts(choice: number, parts: readonly AnswerPart[]): readonly AnswerPart[] {
    const numCalls = parts.filter(({ type }) => type === 'toolCall').length;
    this.#numCalls[choice] = (this.#numCalls[choice] ?? 0) + numCalls;
    return parts;
  }

  #chunk(choice: number, delta: object, { tokenIds, logprobs }: ChunkTokens): string {
    const shown = logprobs === null ? null : chatLogprobs(this.#plan, logprobs);
    const ids = this.#plan.returnTokenIds ? `,"token_ids":${JSON.stringify(tokenIds)}` : '';
    return `${this.#head}"choices":[{"index":${choice},"delta":${JSON.stringify(delta)},"logprobs":${JSON.stringify(shown)},"finish_reason":null${ids}}]${this.#usage()}}\n\n`;
  }

  /** The usage member of all chunks but the last: OpenAI's null, or vLLM's running count. */
  #usage(): string {
    const stream = this.#plan.stream;
    if (!stream?.includeUsage) return '';
    return stream.continuousUsage ? `,"usage":${JSON.stringify(this.#tally.toUsage())}` : ',"usage":null';
  }
}
