import type { FastifyInstance } from 'fastify';

/** The routes of the app, as far as they have been added. */
export interface KnownRoutes {
  /** Methods of the route at a path, in the order in which they were added; empty where there is none. */
  methodsAt(path: string): readonly string[];
  /** `POST /v1/chat/completions` and so on: each endpoint once, by its canonical path. */
  list(): readonly string[];
}

interface Route {
  readonly matches: RegExp;
  readonly methods: Set<string>;
}

/** Notes every route that is added from now on. */
export function collectRoutes(app: FastifyInstance): KnownRoutes {
  const routes = new Map<string, Route>();
  const canonical = new Set<string>();
  app.addHook('onRoute', ({ url, method, config }) => {
    const route = routes.get(url) ?? { matches: toPattern(url), methods: new Set() };
    for (const each of [method].flat()) {
      route.methods.add(each);
      if (each !== 'HEAD') canonical.add(`${each} ${config?.canonicalUrl ?? url}`);
    }
    routes.set(url, route);
  });
  return {
    methodsAt: (path) => {
      for (const { matches, methods } of routes.values()) if (matches.test(path)) return [...methods];
      return [];
    },
    list: () => [...canonical],
  };
}

/** Fastify's `:name` is one part of a path, `*` all the rest. */
function toPattern(url: string): RegExp {
  const pattern = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:\w+/g, '[^/]+')
    .replaceAll('*', '.*');
  return new RegExp(`^${pattern}$`);
}
