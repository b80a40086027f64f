import fastify, { type FastifyInstance, LogController } from 'fastify';
import { ModelRegistry } from '../openai/model-registry.ts';
import type { AppOptions } from './app-options.ts';
import type { RouteContext } from './generation-route.ts';
import { collectRoutes } from './known-routes.ts';
import { addApiKeyGuard } from './plugins/api-key.ts';
import { addCors } from './plugins/cors.ts';
import { addErrorHandler, answerBrokenRequest, answerError } from './plugins/error-handler.ts';
import { addJsonBody } from './plugins/json-body.ts';
import { addNotFoundHandler } from './plugins/not-found.ts';
import { addObserver } from './plugins/observer.ts';
import { addRequestId, requestIdOf } from './plugins/request-id.ts';
import { addCancel } from './routes/cancel.ts';
import { addChatCompletions } from './routes/chat-completions.ts';
import { addCompletions } from './routes/completions.ts';
import { addHealth } from './routes/health.ts';
import { addLoad } from './routes/load.ts';
import { addMessages } from './routes/messages.ts';
import { addMetrics } from './routes/metrics.ts';
import { addModels } from './routes/models.ts';
import { addRender } from './routes/render.ts';
import { addResponses } from './routes/responses.ts';
import { addRoot } from './routes/root.ts';
import { addTokenize } from './routes/tokenize.ts';
import { addVersion } from './routes/version.ts';
import { RunningRequests } from './running-requests.ts';

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
    // Clients join a base URL that ends in a slash and a path that begins with one.
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors: answerError,
    clientErrorHandler: answerBrokenRequest,
  });
  const routes = collectRoutes(app);
  addNotFoundHandler(app, routes);
  addErrorHandler(app);
  addRequestId(app);
  const observer = addObserver(app, options.metrics);
  addCors(app, options.allowedOrigins ?? ['*']);
  addApiKeyGuard(app, options.apiKeys ?? []);
  addJsonBody(app);

  const context: RouteContext = {
    registry: new ModelRegistry(options.models, options.version),
    observer,
    running: new RunningRequests(),
    holdHeadersMs: options.holdHeadersMs ?? DEFAULT_HOLD_HEADERS_MS,
    keepAliveMs: options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS,
  };
  addChatCompletions(app, context);
  addCompletions(app, context);
  addMessages(app, context);
  addResponses(app, context);
  addRender(app, context);
  addCancel(app, context);
  addModels(app, context);
  addTokenize(app, context);
  addHealth(app, context);
  addLoad(app, context);
  addVersion(app, options.version);
  if (options.metrics !== undefined) addMetrics(app, options.metrics);
  addRoot(app, options.version, routes);
  return app;
}
