import type { ProxyConfig, ServerConfig } from '../../config/types.ts';
import { formatAddress } from '../../control/address.ts';
import type { Model } from '../../model/model.ts';
import type { Change } from '../change.ts';
import { keyOf, type Layers, type ObjectType, type ReadLayers } from './attribute.ts';
import { BACKEND_ATTRIBUTES, FRONTEND_ATTRIBUTES, GLOBAL_ATTRIBUTES } from './proxy.ts';
import { SERVER_ATTRIBUTES } from './server.ts';

/** A value that the files said before a reload and another one that they say now. */
export interface Difference {
  readonly key: string;
  readonly before: string;
  readonly after: string;
  /** Makes what the file says now. */
  readonly change: Change;
  /** What is live is something else. */
  readonly pending: boolean;
}

/** The configuration of a running model at a moment: what `differences` compares with. */
export type Snapshot = ReturnType<typeof takeSnapshot>;

export function takeSnapshot({ proxies, config }: Model) {
  return {
    config,
    proxies: new Map(proxies.map((proxy) => [proxy, proxy.config] as const)),
    servers: new Map(proxies.flatMap((proxy) => proxy.servers.map((server) => [server, server.config] as const))),
  };
}

/** What the files say anew of attributes that Changes can set, and the servers that they have or no longer have. */
export function differences(before: Snapshot, model: Model): Difference[] {
  const found: Difference[] = [];
  const compare = <O, F>(
    type: ObjectType,
    object: string,
    table: Readonly<Record<string, ReadLayers<O, F>>>,
    subject: O,
    was: F,
    is: F,
  ) => {
    for (const [attribute, read] of Object.entries(table)) {
      const [old, now] = [read(subject, was).file, read(subject, is)];
      if (old === now.file || now.restore === null) continue;
      found.push({ key: keyOf({ type, object, attribute }), before: old, after: now.file, ...pendingOf(now) });
    }
  };
  compare('global', 'global', GLOBAL_ATTRIBUTES, model, before.config, model.config);
  for (const proxy of model.proxies) {
    const was = before.proxies.get(proxy);
    if (was !== undefined && was !== proxy.config) {
      if (proxy.isFrontend) compare('frontend', proxy.name, FRONTEND_ATTRIBUTES, proxy, was, proxy.config);
      if (proxy.isBackend) compare('backend', proxy.name, BACKEND_ATTRIBUTES, proxy, was, proxy.config);
    }
    for (const server of proxy.servers) {
      const config = before.servers.get(server);
      if (config !== undefined && config !== server.config)
        compare('server', server.path, SERVER_ATTRIBUTES, server, config, server.config);
    }
    if (was !== undefined) found.push(...comersAndGoers(was, proxy.config));
  }
  return found;
}

function pendingOf({ same, restore }: Pick<Layers, 'same' | 'restore'>): { change: Change; pending: boolean } {
  return { change: restore!, pending: !same };
}

function comersAndGoers(was: ProxyConfig, is: ProxyConfig): Difference[] {
  const [old, now] = [byName(was), byName(is)];
  const backend = is.name;
  const found: Difference[] = [];
  for (const [server, config] of now) {
    if (old.has(server)) continue;
    const change: Change = { kind: 'server.add', backend, server, addr: '', from: 'file', words: [] };
    found.push({ ...presence(backend, server), before: '(absent)', after: formatAddress(config.address), change });
  }
  for (const [server, config] of old) {
    if (now.has(server)) continue;
    const change: Change = { kind: 'server.del', backend, server };
    found.push({ ...presence(backend, server), before: formatAddress(config.address), after: '(absent)', change });
  }
  return found;
}

function presence(backend: string, server: string): { readonly key: string; readonly pending: false } {
  return { key: `server ${backend}/${server} presence`, pending: false };
}

function byName({ servers }: ProxyConfig): Map<string, ServerConfig> {
  return new Map(servers.map((config) => [config.name, config]));
}
