import type { FastifyInstance, RouteOptions } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The path that metrics and lists show for all paths of an endpoint; the route's own when absent. */
    canonicalUrl?: string;
  }
}

/** The canonical path of an endpoint, then its others. */
export type EndpointPaths = readonly [string, ...string[]];

/** DeepSeek's platform has every endpoint without /v1, and under /beta too: clients move here by changing `base_url`. */
export function pathsOf(path: `/v1/${string}`): EndpointPaths {
  const bare = path.slice('/v1'.length);
  return [path, bare, `/beta${bare}`];
}

/** Adds an endpoint under all its paths. */
export function addEndpoint(app: FastifyInstance, paths: EndpointPaths, route: Omit<RouteOptions, 'url'>): void {
  const [canonicalUrl] = paths;
  for (const url of paths) app.route({ ...route, url, config: { ...route.config, canonicalUrl } });
}
