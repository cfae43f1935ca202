import type { Address, Config, Location, PeersConfig } from '../config/types.ts';
import { lookupHost } from '../util/lookup.ts';

/** A configuration whose bound addresses are numbers, or why there is none: lines for the operator. */
export type ResolvedBinds = { readonly config: Config } | { readonly problems: readonly string[] };

/** What names an address, and where. */
interface Addressed {
  readonly address: Address | null;
  readonly at: Location;
}

/** Asks the system's resolver for the host names of `bind`, `stats socket` and `peer` lines, once for each name. */
export async function resolveBindNames(config: Config, lookup: typeof lookupHost = lookupHost): Promise<ResolvedBinds> {
  const isNamed = ({ address }: Addressed) => address?.family === 'name';
  const ofPeers = ({ bind, peers }: PeersConfig) => [...(bind === null ? [] : [bind]), ...peers];
  const every = [
    ...config.global.statsSockets,
    ...config.proxies.flatMap(({ binds }) => binds),
    ...config.peers.flatMap(ofPeers),
  ];
  if (!every.some(isNamed)) return { config };
  const problems: string[] = [];
  const found = new Map<string, Promise<string | null>>();
  async function resolve<T extends Addressed>(one: T, keyword: string): Promise<T> {
    const { address, at } = one;
    if (address?.family !== 'name') return one;
    const { host: name, prefer, port } = address;
    const key = `${prefer} ${name}`;
    if (!found.has(key)) found.set(key, lookup(name, prefer));
    const host = await found.get(key)!;
    if (host === null) {
      problems.push(
        `config : parsing [${at.file}:${at.line}] : '${keyword}' : invalid address: '${name}' in '${name}:${port}'`,
      );
      return one;
    }
    const family = host.includes(':') ? 'inet6' : 'inet';
    return { ...one, address: { family, host, port, portEnd: port, portMap: '' } };
  }
  function all<T extends Addressed>(list: readonly T[], keyword: string): Promise<T[]> {
    return Promise.all(list.map((one) => resolve(one, keyword)));
  }
  const statsSockets = await all(config.global.statsSockets, 'stats socket');
  const proxies = await Promise.all(
    config.proxies.map(async (proxy) =>
      proxy.binds.some(isNamed) ? { ...proxy, binds: await all(proxy.binds, 'bind') } : proxy,
    ),
  );
  const peers = await Promise.all(
    config.peers.map(async (section) =>
      ofPeers(section).some(isNamed)
        ? {
            ...section,
            bind: section.bind === null ? null : await resolve(section.bind, 'bind'),
            peers: await all(section.peers, 'peer'),
          }
        : section,
    ),
  );
  return problems.length > 0
    ? { problems }
    : { config: { ...config, global: { ...config.global, statsSockets }, proxies, peers } };
}
