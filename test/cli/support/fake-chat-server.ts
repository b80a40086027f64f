import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface ChatBody {
  readonly model: string;
  readonly messages: readonly { role: string; content: string }[];
  readonly [field: string]: unknown;
}

/** How the fake answers a conversation: pieces of text, an error, or a stream that never ends. */
export type FakeAnswer =
  | { readonly pieces: readonly string[]; readonly frame?: string; readonly hangs?: true; readonly cut?: true }
  | { readonly status: number; readonly body: string };

/** An OpenAI-compatible server that answers as it is told and keeps what it was asked. */
export class FakeChatServer {
  readonly bodies: ChatBody[] = [];
  readonly authorizations: (string | undefined)[] = [];
  readonly url: string;
  /** Resolves when a client has left an unfinished stream. */
  readonly left: Promise<void>;
  readonly #server: Server;

  private constructor(server: Server, left: Promise<void>) {
    this.#server = server;
    this.left = left;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(answer: (body: ChatBody) => FakeAnswer): Promise<FakeChatServer> {
    let leave = (): void => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const server = createServer(async (request, response) => {
      fake.authorizations.push(request.headers.authorization);
      if (request.url === '/v1/models') {
        response
          .setHeader('content-type', 'application/json')
          .end('{"object":"list","data":[{"id":"first"},{"id":"b"}]}');
        return;
      }
      const body = JSON.parse(await readAll(request)) as ChatBody;
      fake.bodies.push(body);
      const reply = answer(body);
      if ('status' in reply) {
        response.writeHead(reply.status).end(reply.body);
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const send = (chunk: object): void => void response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      send({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] });
      response.write(': keep-alive\n\n');
      for (const content of reply.pieces) send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
      if (reply.hangs) {
        response.once('close', leave);
        return;
      }
      if (reply.frame !== undefined) response.write(`data: ${reply.frame}\n\n`);
      if (reply.cut) {
        response.end();
        return;
      }
      send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
      send({ choices: [], usage: { completion_tokens: reply.pieces.length } });
      response.end('data: [DONE]\n\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const fake = new FakeChatServer(server, left);
    return fake;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
