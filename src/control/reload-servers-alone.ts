import type { Config, ProxyConfig } from '../config/types.ts';
import { findProxy, type Model } from '../model/model.ts';
import type { Proxy } from '../model/proxy.ts';
import { knowServers, markReferences, proxyView } from './build.ts';
import type { ReloadContext } from './reload.ts';
import { changeServers } from './reload-servers.ts';
import { countUsable } from './servers/usable.ts';

/** A proxy that gets other servers. */
interface Changed {
  readonly proxy: Proxy;
  readonly to: ProxyConfig;
}

/**
 * What is to be done where a configuration was made from the one in force by giving some backends other servers, and shares all else
 * with it; null where more may differ. A weight is not worth a look at thousands of servers.
 */
export function serversAlone(model: Model, after: Config): Changed[] | null {
  const before = model.config;
  if (before.proxies.length !== after.proxies.length || !isShared(before, after, 'proxies')) return null;
  const changed: Changed[] = [];
  for (const [i, to] of after.proxies.entries()) {
    const from = before.proxies[i]!;
    if (from === to) continue;
    const proxy = findProxy(model, to.name, 'backend');
    if (!isShared(from, to, 'servers') || proxy === null || proxy.dynamic || proxy.config.kind !== to.kind) return null;
    // Certificates and trackers concern more than the backend.
    if ([...from.servers, ...to.servers].some(({ tls, track }) => tls !== null || track !== null)) return null;
    changed.push({ proxy, to: { ...to, id: proxy.id } });
  }
  return changed;
}

/** Puts them in force. Returns what operators should know. */
export async function applyServersAlone(
  changed: readonly Changed[],
  config: Config,
  ctx: ReloadContext,
): Promise<string[]> {
  const { model, traffic, states } = ctx;
  const warnings: string[] = [];
  // Servers that stay are told by themselves: rules need not be compiled again.
  const coming = changed.filter(({ proxy, to }) => !hasSameServers(proxy.config, to));
  for (const { proxy, to } of changed) {
    const before = proxy.config;
    proxy.config = to;
    warnings.push(...(await changeServers(proxy, before, to, ctx)));
    countUsable(proxy);
  }
  model.config = config;
  knowServers(model);
  markReferences(model);
  if (coming.length > 0) await traffic.ask({ kind: 'proxy.put', proxies: coming.map(({ proxy }) => proxyView(proxy)) });
  await states.flush();
  return warnings;
}

function hasSameServers({ servers: from }: ProxyConfig, { servers: to }: ProxyConfig): boolean {
  return from.length === to.length && from.every(({ name }, i) => name === to[i]!.name);
}

/** Whether two objects share all members but one. */
function isShared<T extends object>(a: T, b: T, but: keyof T): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof T)[]);
  keys.delete(but);
  return [...keys].every((key) => a[key] === b[key]);
}
