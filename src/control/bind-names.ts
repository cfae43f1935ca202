import type { BindConfig, Config } from '../config/types.ts';
import { lookupHost } from '../util/lookup.ts';

/** A configuration whose bound addresses are numbers, or why there is none: lines for the operator. */
export type ResolvedBinds = { readonly config: Config } | { readonly problems: readonly string[] };

/** Asks the system's resolver for the host names of `bind` and `stats socket` lines, once for each name. */
export async function resolveBindNames(config: Config, lookup: typeof lookupHost = lookupHost): Promise<ResolvedBinds> {
  const every = [...config.global.statsSockets, ...config.proxies.flatMap(({ binds }) => binds)];
  if (every.every(({ address }) => address.family !== 'name')) return { config };
  const problems: string[] = [];
  const found = new Map<string, Promise<string | null>>();
  const resolve =
    (keyword: string) =>
    async (bind: BindConfig): Promise<BindConfig> => {
      const { address, at } = bind;
      if (address.family !== 'name') return bind;
      const { host: name, prefer, port } = address;
      const key = `${prefer} ${name}`;
      if (!found.has(key)) found.set(key, lookup(name, prefer));
      const host = await found.get(key)!;
      if (host === null) {
        problems.push(
          `config : parsing [${at.file}:${at.line}] : '${keyword}' : invalid address: '${name}' in '${name}:${port}'`,
        );
        return bind;
      }
      const family = host.includes(':') ? 'inet6' : 'inet';
      return { ...bind, address: { family, host, port, portEnd: port, portMap: '' } };
    };
  const all = (binds: readonly BindConfig[], keyword: string) => Promise.all(binds.map(resolve(keyword)));
  const statsSockets = await all(config.global.statsSockets, 'stats socket');
  const proxies = await Promise.all(
    config.proxies.map(async (proxy) =>
      proxy.binds.some((bind) => bind.address.family === 'name')
        ? { ...proxy, binds: await all(proxy.binds, 'bind') }
        : proxy,
    ),
  );
  return problems.length > 0
    ? { problems }
    : { config: { ...config, global: { ...config.global, statsSockets }, proxies } };
}
