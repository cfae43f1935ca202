import { createHash } from 'node:crypto';
import type { Config, ProxyConfig } from '../../config/types.ts';
import type { ProcVar } from '../../model/messages.ts';
import type { Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import { globalVars } from '../../traffic/proc-vars.ts';
import { RATES } from '../rows/process.ts';
import { attribute, type ReadLayers } from './attribute.ts';

/** Tells two secrets apart and gives neither away. */
function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 8);
}

const enabled = (value: boolean): string => (value ? 'enabled' : 'disabled');

/** What can be set of a backend and lasts. One that was added live begins unpublished. */
export const BACKEND_ATTRIBUTES: Readonly<Record<string, ReadLayers<Proxy, ProxyConfig>>> = {
  published: attribute({
    file: ({ unpublished }, proxy) => !proxy.dynamic && !unpublished,
    live: (proxy) => proxy.published,
    text: (value) => (value ? 'published' : 'unpublished'),
    make: (published, { name }) => ({ kind: 'backend.publish', backend: name, published }),
  }),
  'dynamic-cookie': attribute({
    file: ({ cookie }) => cookie?.dynamic ?? false,
    live: (proxy) => proxy.dynamicCookie,
    text: enabled,
    make: (on, { name }) => ({ kind: 'backend.dynamic-cookie', backend: name, enabled: on }),
  }),
  'dynamic-cookie-key': attribute({
    file: ({ cookie }) => cookie?.dynamicKey ?? '',
    live: (proxy) => proxy.dynamicCookieKey ?? '',
    text: (key) => (key === '' ? '(none)' : `(secret ${digest(key)})`),
    make: (key, { name }) => (key === '' ? null : { kind: 'backend.dynamic-cookie-key', backend: name, key }),
  }),
};

/** What can be set of a frontend and lasts. That it was shut down does not: that is for the life of the process. */
export const FRONTEND_ATTRIBUTES: Readonly<Record<string, ReadLayers<Proxy, ProxyConfig>>> = {
  state: attribute({
    file: () => 'enabled' as const,
    live: (proxy) => (proxy.state === 'paused' ? ('disabled' as const) : ('enabled' as const)),
    text: String,
    make: (to, { name }) => ({ kind: 'frontend.state', frontend: name, to }),
  }),
  maxconn: attribute({
    file: ({ maxconn }) => maxconn ?? 0,
    live: (proxy) => proxy.maxconn,
    text: String,
    make: (maxconn, { name }) => ({ kind: 'frontend.maxconn', frontend: name, maxconn }),
  }),
};

/** Process-wide limits. */
export const GLOBAL_ATTRIBUTES: Readonly<Record<string, ReadLayers<Model, Config>>> = {
  // Where the file says nothing, the system's limit of open files does, which may be another one at each start.
  maxconn: attribute({
    file: ({ global }, { limits }) => (global.maxconn === null ? null : Math.min(global.maxconn, limits.hardMaxconn)),
    live: ({ limits, config }) =>
      config.global.maxconn === null && limits.maxconn === limits.hardMaxconn ? null : limits.maxconn,
    text: (maxconn) => (maxconn === null ? '(not set)' : String(maxconn)),
    make: (maxconn) => ({ kind: 'global.maxconn', maxconn: maxconn ?? 0 }),
  }),
  'rate-limit connections': rate('connections', (global) => global.maxconnrate),
  'rate-limit sessions': rate('sessions', (global) => global.maxsessrate),
  'rate-limit ssl-sessions': rate('ssl-sessions', (global) => global.maxsslrate),
  'rate-limit http-compression': rate('http-compression', (global) => global.maxcomprate),
};

function rate(what: keyof typeof RATES, file: (global: Config['global']) => number): ReadLayers<Model, Config> {
  const { field, unit } = RATES[what];
  return attribute({
    file: ({ global }) => Math.floor(file(global) / unit),
    live: ({ limits }) => Math.floor(limits[field] / unit),
    text: String,
    make: (limit) => ({ kind: 'global.rate-limit', what, limit }),
  });
}

/** A variable of the process, by its name without scope. */
export function varLayers(name: string): ReadLayers<Model, Config> {
  return attribute({
    file: ({ global }) => plain(globalVars(global).vars.get(name)),
    live: ({ procVars }) => plain(procVars.get(name)),
    text: (value) => (value === null ? '(unset)' : String(value.value)),
    make: (value) => ({ kind: 'var.set', name, value }),
  });
}

/** Variables that hold bytes are set by rules only. */
function plain(value: ProcVar | undefined): { type: string; value: string | number | boolean } | null {
  return value === undefined || value.value instanceof Uint8Array ? null : { type: value.type, value: value.value };
}
