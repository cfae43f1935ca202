import type { Config } from '../config/types.ts';
import type { Model } from './model.ts';
import type { Proxy } from './proxy.ts';

/** Sum of the connection limits of the frontends that may send to a backend, by backend name, for one configuration. */
const sums = new WeakMap<Config, { readonly maxconn: number; readonly byName: Map<string, number> }>();

/**
 * `fullconn` of a backend, or HAProxy's default: a tenth of the sum of the `maxconn` of the frontends that name it in a
 * `default_backend` or static `use_backend`, at least 1 (manual, "fullconn"). Dynamic backends have 0.
 */
export function fullconnOf(model: Model, proxy: Proxy): number {
  if (proxy.config.fullconn !== null) return proxy.config.fullconn;
  if (proxy.dynamic) return 0;
  let known = sums.get(model.config);
  if (!known || known.maxconn !== model.limits.hardMaxconn) {
    known = { maxconn: model.limits.hardMaxconn, byName: incoming(model) };
    sums.set(model.config, known);
  }
  return Math.max(1, Math.ceil((known.byName.get(proxy.name) ?? 0) / 10));
}

function incoming(model: Model): Map<string, number> {
  const byName = new Map<string, number>();
  for (const proxy of model.proxies) {
    if (!proxy.isFrontend || proxy.config.disabled) continue;
    const limit = proxy.config.maxconn ?? model.limits.hardMaxconn;
    const targets = new Set(proxy.config.useBackend.map((rule) => rule.words[0] ?? ''));
    if (proxy.config.defaultBackend !== null) targets.add(proxy.config.defaultBackend);
    if (proxy.isBackend) targets.add(proxy.name);
    for (const name of targets) byName.set(name, (byName.get(name) ?? 0) + limit);
  }
  return byName;
}
