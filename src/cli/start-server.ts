import { setTimeout as sleep } from 'node:timers/promises';
import type { ServeConfig } from '../config/serve-config.ts';
import type { LaunchEvent } from '../engine/engine-settings.ts';
import { unavailable } from '../errors.ts';
import { buildApp } from '../http/app.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { cacheDtypeName, toDeviceSpec } from './device-spec.ts';
import { type App, listen } from './listen.ts';
import { LoadingModel } from './loading-model.ts';
import { resolveModelFolder } from './model-folder.ts';
import { packageVersion } from './package-root.ts';
import { MetricsObserver, showEngineLoad, toHttpMetrics } from './wire-metrics.ts';
import { servedNames, type WiredModel, wireModel } from './wire-model.ts';

/** Once all requests have ended, clients have this long to read the rest of their answers. */
const LAST_BYTES_MS = 2000;
const RETRY_AFTER_SECONDS = 5;

export interface StartOptions {
  readonly logger: Logger;
  readonly onEvent?: (event: LaunchEvent) => void;
}

/** A server that listens; its model may still be loading. */
export interface RunningServer {
  /** `http://127.0.0.1:8000` */
  readonly url: string;
  /** Folder of the model. */
  readonly folder: string;
  /** The model's name and aliases. */
  readonly names: readonly [string, ...string[]];
  /** Resolves when requests are answered; rejects with CheckpointError or ConfigError when the model cannot be loaded. */
  readonly ready: Promise<void>;
  /** Resolves when the engine has failed after that. Requests are answered with 503 from then on. */
  readonly failed: Promise<Error>;
  /** Whether {@link ready} has resolved. */
  readonly isReady: boolean;
  /**
   * Refuses new requests, lets those under way finish for up to shutdownTimeout, ends the rest, stops all threads.
   * While the model is loading this waits for it. Further calls return the same promise.
   */
  close(): Promise<void>;
  /** Ends the requests under way at once, so that close() ends soon. */
  abort(): void;
}

/**
 * Listens at once (503 while loading) and loads the model behind it.
 * @throws CheckpointError when there is no such folder, ConfigError when the address cannot be used
 */
export async function startServer(config: ServeConfig, options: StartOptions): Promise<RunningServer> {
  const folder = resolveModelFolder(config.model);
  const names = servedNames(config.servedModelName, folder);
  const model = new LoadingModel(names, folder);
  const metrics = createMetrics({ modelName: names[0] });
  const app = buildApp({
    models: [model],
    version: packageVersion(),
    apiKeys: config.apiKey,
    allowedOrigins: config.allowedOrigins,
    metrics: toHttpMetrics(metrics),
    logger: options.logger,
  });
  const url = await listen(app, config.host, config.port);
  const observer = new MetricsObserver(metrics);
  const dtype = cacheDtypeName(toDeviceSpec(config));
  const onEvent = (event: LaunchEvent): void => {
    if (event.phase === 'cache') {
      const { blockSize, numBlocks } = event;
      const { enablePrefixCaching } = config;
      metrics.setCacheConfig({ blockSize, numBlocks, dtype, enablePrefixCaching });
    }
    options.onEvent?.(event);
  };
  const loading = wireModel({ config, folder, observer, onEvent }).then((wired) => {
    showEngineLoad(metrics, wired.engine);
    model.become(wired);
    return wired;
  });
  return new Server({ url, folder, names, app, model, loading, drainSeconds: config.shutdownTimeout });
}

interface ServerParts {
  readonly url: string;
  readonly folder: string;
  readonly names: readonly [string, ...string[]];
  readonly app: App;
  readonly model: LoadingModel;
  readonly loading: Promise<WiredModel>;
  readonly drainSeconds: number;
}

class Server implements RunningServer {
  readonly url: string;
  readonly folder: string;
  readonly names: readonly [string, ...string[]];
  readonly ready: Promise<void>;
  readonly failed: Promise<Error>;
  readonly #parts: ServerParts;
  readonly #aborted = new AbortController();
  #isReady = false;
  #closing: Promise<void> | null = null;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.url = parts.url;
    this.folder = parts.folder;
    this.names = parts.names;
    this.ready = parts.loading.then(
      () => {
        this.#isReady = true;
      },
      (error: unknown) => {
        parts.model.engine.giveUp('failed');
        throw error;
      },
    );
    // Whoever closes early need not have waited for it.
    this.ready.catch(() => {});
    this.failed = parts.loading.then(
      (wired) => wired.failed,
      () => new Promise<Error>(() => {}),
    );
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  abort(): void {
    this.#aborted.abort();
  }

  async #close(): Promise<void> {
    const { app, model, loading } = this.#parts;
    if (!this.#isReady) model.engine.giveUp('draining');
    const wired = await loading.catch(() => null);
    if (wired !== null) await this.#drain(wired);
    await closeApp(app);
    await wired?.stop();
  }

  /** Port and probes stay open meanwhile: they answer 503. */
  async #drain({ engine }: WiredModel): Promise<void> {
    const drained = engine.drain();
    const timer = new AbortController();
    const timeUp = sleep(this.#parts.drainSeconds * 1000, undefined, { signal: timer.signal }).catch(() => {});
    const aborted = new Promise<void>((resolve) => {
      if (this.#aborted.signal.aborted) resolve();
      else this.#aborted.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([drained, timeUp, aborted]);
    timer.abort();
    engine.abortAll(unavailable('The server is shutting down.', RETRY_AFTER_SECONDS));
    await drained;
  }
}

/** Stops listening and waits for the connections, but not for ever: a client that reads nothing would keep its own open. */
async function closeApp(app: App): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), LAST_BYTES_MS);
  await app.close();
  clearTimeout(cut);
}
