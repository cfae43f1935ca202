import { findProxy, findServer, type Model } from '../model/model.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server } from '../model/server.ts';
import { type Problem, problem } from './context.ts';

interface ServerName {
  readonly backend: string;
  readonly server: string;
}

/** Why a server cannot be found by its names, or null. */
export function lacksServer(model: Model, name: ServerName): Problem | null {
  const proxy = findProxy(model, name.backend, 'backend');
  if (!proxy) return problem('No such backend.');
  return findServer(proxy, name.server) ? null : problem('No such server.');
}

/** The server, which `lacksServer` has found to be there. */
export function theServer(model: Model, name: ServerName): Server {
  return findServer(theBackend(model, name), name.server)!;
}

export function lacksBackend(model: Model, name: { readonly backend: string }): Problem | null {
  return findProxy(model, name.backend, 'backend') ? null : problem('No such backend.');
}

export function theBackend(model: Model, name: { readonly backend: string }): Proxy {
  return findProxy(model, name.backend, 'backend')!;
}

export function lacksFrontend(model: Model, name: { readonly frontend: string }): Problem | null {
  return findProxy(model, name.frontend, 'frontend') ? null : problem('No such frontend.');
}

export function theFrontend(model: Model, name: { readonly frontend: string }): Proxy {
  return findProxy(model, name.frontend, 'frontend')!;
}
