import { createInterface, type Interface } from 'node:readline';
import { type AnswerSummary, type ChatClient, ChatError, type ChatOptions } from './chat-client.ts';
import { Conversation } from './conversation.ts';

const HELP =
  '/system TEXT  new conversation with this system message\n/reset        new conversation\n/exit         leave';

export interface ChatLoopOptions {
  readonly client: ChatClient;
  readonly model: string;
  readonly system: string | null;
  readonly chat: ChatOptions;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** A person at a terminal: prompt, notes and Ctrl-C; otherwise each line is a turn and only answers are written. */
  readonly isInteractive: boolean;
}

/**
 * Reads turns line by line and writes the answers until the input ends or says /exit.
 * @throws ChatError when a turn fails and nobody is there to try again
 */
export async function runChatLoop(options: ChatLoopOptions): Promise<void> {
  await new ChatLoop(options).run();
}

class ChatLoop {
  readonly #options: ChatLoopOptions;
  readonly #conversation: Conversation;
  readonly #lines: Interface;
  #answering: AbortController | null = null;
  #isLeaving = false;

  constructor(options: ChatLoopOptions) {
    this.#options = options;
    this.#conversation = new Conversation(options.system);
    const { input, output, isInteractive } = options;
    this.#lines = createInterface({
      input,
      terminal: isInteractive,
      prompt: '> ',
      ...(isInteractive ? { output } : {}),
    });
    this.#lines.on('SIGINT', () => {
      if (this.#answering === null || this.#answering.signal.aborted) this.#lines.close();
      else this.#answering.abort();
    });
  }

  async run(): Promise<void> {
    this.#lines.once('close', () => {
      if (!this.#options.isInteractive) return;
      this.#isLeaving = true;
      this.#answering?.abort();
    });
    this.#note('/help shows the commands, Ctrl-C stops an answer, Ctrl-D leaves');
    this.#prompt();
    for await (const line of this.#lines) {
      if (this.#isLeaving) break;
      const text = line.trim();
      if (text !== '' && !this.#runCommand(text)) await this.#answer(text);
      if (this.#isLeaving) break;
      this.#prompt();
    }
    this.#lines.close();
  }

  /** Whether the line was a command. Other lines that begin with a slash are for the model. */
  #runCommand(line: string): boolean {
    const [command, ...words] = line.split(/\s+/);
    if (command === '/exit' || command === '/quit') this.#isLeaving = true;
    else if (command === '/reset') this.#conversation.reset();
    else if (command === '/system') this.#conversation.setSystem(words.join(' '));
    else if (command === '/help') this.#note(HELP);
    else return false;
    return true;
  }

  async #answer(question: string): Promise<void> {
    const { client, model, chat, output, isInteractive } = this.#options;
    this.#conversation.ask(question);
    this.#answering = new AbortController();
    let answer = '';
    try {
      const stream = client.stream(model, this.#conversation.messages, chat, this.#answering.signal);
      let next = await stream.next();
      for (; !next.done; next = await stream.next()) {
        answer += next.value;
        output.write(next.value);
      }
      output.write('\n');
      this.#note(describe(next.value));
    } catch (error) {
      if (answer !== '') output.write('\n');
      if (this.#answering.signal.aborted) this.#note('stopped');
      else if (isInteractive && error instanceof ChatError) this.#note(error.message);
      else throw error;
    } finally {
      this.#answering = null;
      this.#conversation.answer(answer);
    }
  }

  #prompt(): void {
    if (this.#options.isInteractive) this.#lines.prompt();
  }

  /** A remark to the person at the terminal, dimmed. */
  #note(text: string): void {
    if (this.#options.isInteractive) this.#options.output.write(`\u001b[2m${text}\u001b[0m\n`);
  }
}

function describe(summary: AnswerSummary): string {
  const { finishReason, numTokens, firstTokenSeconds, decodeSeconds } = summary;
  const parts = [`${numTokens} tokens`, `first after ${firstTokenSeconds.toFixed(2)} s`];
  if (numTokens > 1 && decodeSeconds > 0) parts.push(`${((numTokens - 1) / decodeSeconds).toFixed(1)} tokens/s`);
  if (finishReason === 'length') parts.push('cut off: out of tokens');
  return parts.join(', ');
}
