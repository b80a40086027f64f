import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { fetchFailure, locationName } from './fetch-failure.ts';
import { type IndexFile, parseIndexPage } from './index-page.ts';
import type { Wheel } from './wheels.ts';

/** PEP 691 first; mirrors that only know PEP 503 answer with HTML. */
const ACCEPT = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';
/** The largest project page of PyPI has some megabytes. */
const MAX_PAGE_CHARS = 64 * 1024 * 1024;
const PAGE_TIMEOUT_MS = 60_000;

const jsonPage = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

/** Where a file lies, and what has to be sent to get it. */
export interface FileLocation {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** A Python package index with the simple API (PEP 503 and 691): PyPI or a mirror of it. */
export class SimpleIndex {
  /** Without its password. */
  readonly name: string;
  readonly #base: URL;
  readonly #authorization: string | null;

  /** @param url such as https://pypi.org/simple; may hold a user name and a password @throws ConfigError */
  constructor(url: string) {
    const base = parseUrl(url);
    const { username, password } = base;
    this.#authorization =
      username === '' && password === ''
        ? null
        : `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
    base.username = '';
    base.password = '';
    base.pathname = base.pathname.replace(/\/*$/, '/');
    this.#base = base;
    this.name = locationName(base).replace(/\/$/, '');
  }

  /** @throws ConfigError when the index cannot be reached, does not have the wheel or has another one of this name */
  async locate(wheel: Wheel): Promise<FileLocation> {
    const url = new URL(`${wheel.project}/`, this.#base);
    const page = await this.#readPage(url, wheel);
    const file = page.files.find(({ filename }) => filename === wheel.filename);
    if (file === undefined) {
      throw new ConfigError(
        `${this.name} does not have ${wheel.filename}: choose another index with --index-url, or fetch the wheel elsewhere and pass its folder with --wheels`,
      );
    }
    const { sha256 } = file.hashes;
    if (sha256 !== undefined && sha256 !== wheel.sha256) {
      throw new ConfigError(`${this.name} has another file under the name ${wheel.filename}: its SHA-256 is ${sha256}`);
    }
    const location = new URL(file.url, page.url);
    location.hash = '';
    return { url: location, headers: this.#headersFor(location) };
  }

  async #readPage(
    url: URL,
    { project }: Wheel,
  ): Promise<{ readonly url: string; readonly files: readonly IndexFile[] }> {
    let response: Response;
    let text: string;
    try {
      const headers = { accept: ACCEPT, ...this.#headersFor(url) };
      response = await fetch(url, { headers, signal: AbortSignal.timeout(PAGE_TIMEOUT_MS) });
      text = response.ok ? await readText(response) : '';
    } catch (error) {
      throw fetchFailure(url, error);
    }
    if (!response.ok) {
      const advice =
        response.status === 404 ? `it has no project ${project}, or --index-url is not a simple index` : '';
      throw new ConfigError(`${locationName(url)} answers with ${response.status}${advice && `: ${advice}`}`);
    }
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { url: response.url, files: isJson ? parseJson(text, url) : parseIndexPage(text) };
  }

  /** The password goes to the index's own host only. */
  #headersFor(url: URL): Record<string, string> {
    const isOwn = this.#authorization !== null && url.origin === this.#base.origin;
    return isOwn ? { authorization: this.#authorization! } : {};
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  // The text may hold a password.
  throw new ConfigError('the package index must be an http or https address such as https://pypi.org/simple');
}

function parseJson(text: string, url: URL): readonly IndexFile[] {
  try {
    return jsonPage.parse(JSON.parse(text)).files;
  } catch {
    throw new ConfigError(`${locationName(url)} is not a page of a package index: its JSON is not that of PEP 691`);
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_PAGE_CHARS) throw new ConfigError(`${locationName(new URL(response.url))} is too long`);
  }
  return text + decoder.decode();
}
