import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface WireRequest {
  readonly path: string;
  readonly body: {
    readonly prompt?: number[];
    readonly messages?: { role: string; content: string }[];
    readonly max_tokens: number;
    readonly stream_options?: { include_usage?: boolean };
    readonly [field: string]: unknown;
  };
}

export type Answer = (request: WireRequest, response: ServerResponse) => Promise<void> | void;

/** A tiny server that streams as the real one does, for tests of the client. */
export class FakeServer {
  readonly requests: WireRequest[] = [];
  readonly sockets = new Set<Socket>();
  numConnections = 0;
  active = 0;
  maxActive = 0;
  /** Streams whose client left before the end. */
  abandoned = 0;
  kvUsage = 0;
  readonly #server: Server;
  readonly #answer: Answer;

  constructor(answer: Answer = streamTokens) {
    this.#answer = answer;
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.on('connection', (socket) => {
      this.numConnections++;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/version') return void response.end('{"version":"fake"}');
    if (request.url === '/metrics') return void response.end(this.#metrics());
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part as string;
    const wire: WireRequest = { path: request.url ?? '', body: JSON.parse(text) as WireRequest['body'] };
    this.requests.push(wire);
    this.active++;
    this.maxActive = Math.max(this.maxActive, this.active);
    response.on('close', () => {
      this.active--;
      if (!response.writableFinished) this.abandoned++;
    });
    await this.#answer(wire, response);
  }

  #metrics(): string {
    const gauge = (name: string, value: number): string =>
      `# HELP vllm:${name} x\n# TYPE vllm:${name} gauge\nvllm:${name}{model_name="m",engine="0"} ${value}\n`;
    return (
      gauge('num_requests_running', this.active) +
      gauge('num_requests_waiting', 0) +
      gauge('kv_cache_usage_perc', this.kvUsage)
    );
  }
}

export function frame(value: unknown): string {
  return `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The right answer: a role chunk for chat, one chunk a token, a finish chunk, usage, [DONE]. */
export async function streamTokens({ path, body }: WireRequest, response: ServerResponse): Promise<void> {
  const isChat = path.endsWith('chat/completions');
  const chunk = (text: string, finish_reason: string | null) =>
    isChat ? { index: 0, delta: { content: text }, finish_reason } : { index: 0, text, finish_reason };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (isChat)
    response.write(frame({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }));
  for (let i = 0; i < body.max_tokens && !response.destroyed; i++) {
    response.write(frame({ choices: [chunk('é深', null)], usage: null }));
    await tick();
  }
  response.write(frame({ choices: [chunk('', 'length')], usage: null }));
  const prompt_tokens = body.prompt?.length ?? 9;
  response.write(frame({ choices: [], usage: { prompt_tokens, completion_tokens: body.max_tokens } }));
  response.end(frame('[DONE]'));
}
