import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeWheel } from './fake-wheels.ts';

export interface FileRequest {
  readonly filename: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Answers a request for a file instead of the usual way; `response.write` and `end` as usual. */
export type FileAnswer = (response: ServerResponse, bytes: Buffer, request: IncomingMessage) => void;

/** A package index and its file server, with pages in JSON or HTML. */
export class FakeIndex {
  readonly fileRequests: FileRequest[] = [];
  readonly pageRequests: { readonly url: string; readonly authorization: string | undefined }[] = [];
  readonly url: string;
  /** How the next requests for files are answered; once empty, as they should be. */
  readonly answers: FileAnswer[] = [];
  format: 'json' | 'html' = 'json';
  /** Where files lie; another origin tests what is sent there. */
  filesUrl: string;
  readonly #server: Server;
  readonly #wheels: readonly FakeWheel[];

  private constructor(server: Server, wheels: readonly FakeWheel[]) {
    this.#server = server;
    this.#wheels = wheels;
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.url = `${origin}/simple`;
    this.filesUrl = '../../files/';
  }

  static async start(wheels: readonly FakeWheel[]): Promise<FakeIndex> {
    const server = createServer((request, response) => index.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const index = new FakeIndex(server, wheels);
    return index;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { authorization, range } = request.headers;
    const parts = (request.url ?? '').split('/').filter((part) => part !== '');
    if (parts[0] === 'files') {
      const filename = decodeURIComponent(parts[1] ?? '');
      this.fileRequests.push({ filename, range, authorization });
      const fake = this.#wheels.find(({ wheel }) => wheel.filename === filename);
      if (fake === undefined) {
        response.writeHead(404).end();
        return;
      }
      (this.answers.shift() ?? wholeOrRange)(response, fake.bytes, request);
      return;
    }
    this.pageRequests.push({ url: request.url ?? '', authorization });
    const wheels = this.#wheels.map(({ wheel }) => wheel).filter(({ project }) => project === parts[1]);
    if (parts[0] !== 'simple' || wheels.length === 0) {
      response.writeHead(404).end('no such project');
      return;
    }
    if (this.format === 'json') {
      const files = wheels.map(({ filename, sha256 }) => ({
        filename,
        url: this.filesUrl + filename,
        hashes: { sha256 },
      }));
      response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
      response.end(JSON.stringify({ meta: { 'api-version': '1.0' }, name: parts[1], files }));
    } else {
      const links = wheels.map(
        ({ filename, sha256 }) =>
          `<a data-requires-python="&gt;=3" href="${this.filesUrl}${filename}?a=1&amp;b=2#sha256=${sha256}">${filename}</a><br/>`,
      );
      response.setHeader('content-type', 'text/html; charset=utf-8').end(`<!DOCTYPE html><html>${links.join('\n')}`);
    }
  }
}

/** As a file server should. */
export const wholeOrRange: FileAnswer = (response, bytes, request) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? -1);
  if (from < 0) {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    return;
  }
  if (from >= bytes.length) {
    response.writeHead(416).end();
    return;
  }
  const headers = {
    'content-length': bytes.length - from,
    'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
  };
  response.writeHead(206, headers).end(bytes.subarray(from));
};

/** Breaks the connection after some bytes. */
export function cutAfter(count: number): FileAnswer {
  return (response, bytes) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, count), () => response.destroy());
  };
}

/** Sends some bytes and then nothing more. */
export function hangAfter(count: number): FileAnswer {
  return (response, bytes) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, count));
  };
}

export function status(code: number): FileAnswer {
  return (response) => void response.writeHead(code).end();
}

/** A server that ignores ranges, or sends something else altogether. */
export function sends(change: (bytes: Buffer) => Buffer): FileAnswer {
  return (response, bytes) => void response.writeHead(200).end(change(bytes));
}
