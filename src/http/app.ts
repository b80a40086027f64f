import fastify, { type FastifyInstance, LogController } from 'fastify';
import { ModelRegistry } from '../openai/model-registry.ts';
import type { AppOptions } from './app-options.ts';
import type { RouteContext } from './generation-route.ts';
import { addApiKeyGuard } from './plugins/api-key.ts';
import { addErrorHandler, answerBrokenRequest, answerError } from './plugins/error-handler.ts';
import { addJsonBody } from './plugins/json-body.ts';
import { addNotFoundHandler } from './plugins/not-found.ts';
import { addObserver } from './plugins/observer.ts';
import { addRequestId, requestIdOf } from './plugins/request-id.ts';
import { addChatCompletions } from './routes/chat-completions.ts';
import { addCompletions } from './routes/completions.ts';
import { addHealth } from './routes/health.ts';
import { addMetrics } from './routes/metrics.ts';
import { addModels } from './routes/models.ts';
import { addTokenize } from './routes/tokenize.ts';
import { addVersion } from './routes/version.ts';

const DEFAULT_BODY_LIMIT = 10 * 1024 * 1024;
const DEFAULT_HOLD_HEADERS_MS = 15_000;
const DEFAULT_KEEP_ALIVE_MS = 15_000;
/** A request that has not arrived in full by then is answered with 408. */
const REQUEST_TIMEOUT_MS = 300_000;
const MAX_PARAM_LENGTH = 1024;

/** The HTTP server, all routes in place; it does not listen. */
export function buildApp(options: AppOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit ?? DEFAULT_BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    requestIdHeader: false,
    genReqId: (request) => requestIdOf(request),
    // While closing, requests on open connections still get the engine's own answer (503, with the right body).
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: answerError,
    clientErrorHandler: answerBrokenRequest,
  });
  addNotFoundHandler(app);
  addErrorHandler(app);
  addRequestId(app);
  const observer = addObserver(app, options.metrics);
  addApiKeyGuard(app, options.apiKeys ?? []);
  addJsonBody(app);

  const context: RouteContext = {
    registry: new ModelRegistry(options.models, options.version),
    observer,
    holdHeadersMs: options.holdHeadersMs ?? DEFAULT_HOLD_HEADERS_MS,
    keepAliveMs: options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS,
  };
  addChatCompletions(app, context);
  addCompletions(app, context);
  addModels(app, context);
  addTokenize(app, context);
  addHealth(app, context);
  addVersion(app, options.version);
  if (options.metrics !== undefined) addMetrics(app, options.metrics);
  return app;
}
