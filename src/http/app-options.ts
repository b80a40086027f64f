import type { FastifyBaseLogger } from 'fastify';
import type { ServedModel } from '../openai/served-model.ts';

/** One answered (or abandoned) request. */
export interface HttpObservation {
  /** The pattern of the endpoint's canonical path, `/v1/models/*`; `none` where no route matched. */
  readonly handler: string;
  readonly method: string;
  /** 499 when the client left before the answer was complete, or cancelled the request. */
  readonly status: number;
  readonly seconds: number;
}

/** What HTTP needs of the metrics. */
export interface HttpMetrics {
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
  onHttpRequest(observation: HttpObservation): void;
}

export interface AppOptions {
  readonly models: readonly ServedModel[];
  /** Of the server, for /version and the system fingerprint. */
  readonly version: string;
  /** Empty or absent: no key is asked for. */
  readonly apiKeys?: readonly string[];
  /** Origins whose pages may call the server from a browser, `*` for all; all when absent. */
  readonly allowedOrigins?: readonly string[];
  /** Absent: /metrics does not exist. */
  readonly metrics?: HttpMetrics;
  /** Absent: silent. */
  readonly logger?: FastifyBaseLogger;
  /** Longest request body in bytes; 10 MB when absent. */
  readonly bodyLimit?: number;
  /**
   * A stream's headers wait for the first event, so that a request given up in the queue is a real error; after this
   * many milliseconds (15,000 when absent) they go out anyway, before proxies lose patience.
   */
  readonly holdHeadersMs?: number;
  /** An idle stream sends a comment this often; 15,000 ms when absent. */
  readonly keepAliveMs?: number;
}
