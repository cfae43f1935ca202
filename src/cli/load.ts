import type { LoadResult } from '../config/load.ts';
import type { Config, Diagnostic, ServerConfig } from '../config/types.ts';
import { loadWithNames } from '../control/load.ts';
import type { Texts } from '../control/types.ts';
import type { Invocation } from './arguments.ts';
import { PROGRAM_FACTS } from './facts.ts';
import { withOwners } from './owners.ts';

/**
 * Reads the files of an invocation, for the start and again for each reload; what the command line sets wins. `exhaustive`: all
 * mistakes are told, not only the first ones. `texts`: what the files would say, in their place.
 */
export async function load(
  invocation: Pick<Invocation, 'files' | 'localPeer' | 'maxconn' | 'proxyMaxconn' | 'ignoreResolveFailures'>,
  { exhaustive = false, texts }: { readonly exhaustive?: boolean; readonly texts?: Texts } = {},
): Promise<LoadResult> {
  const { files, localPeer } = invocation;
  const loaded = await loadWithNames({
    ...(texts === undefined ? { paths: files } : { texts }),
    env: process.env,
    facts: PROGRAM_FACTS,
    exhaustive,
    ...(localPeer === null ? {} : { localpeer: localPeer }),
  });
  if (loaded.config === null) return loaded;
  const { config, problems } = withOwners(adjusted(loaded.config, invocation));
  if (problems.length === 0) return { ...loaded, config };
  const wrong = new Set(problems.flatMap(({ at }) => at?.file ?? []));
  const end = [
    ...[...wrong].map((file) => `Error(s) found in configuration file : ${file}`),
    'Fatal errors found in configuration.',
  ];
  const ends = end.map((text): Diagnostic => ({ severity: 'alert', at: null, text }));
  return { ...loaded, config: null, diagnostics: [...loaded.diagnostics, ...problems, ...ends] };
}

/** `-n` is the limit of the process whatever the files say, `-N` that of frontends that have none, `-dr` lets servers start without address. */
function adjusted(config: Config, invocation: Parameters<typeof load>[0]): Config {
  const { maxconn, proxyMaxconn, ignoreResolveFailures } = invocation;
  const proxies = config.proxies.map((proxy) => ({
    ...proxy,
    maxconn: proxy.maxconn ?? proxyMaxconn,
    servers: ignoreResolveFailures ? proxy.servers.map(withoutAddress) : proxy.servers,
  }));
  return { ...config, proxies, global: { ...config.global, maxconn: maxconn ?? config.global.maxconn } };
}

/** The server with `none` as the last way to find its address. */
function withoutAddress(server: ServerConfig): ServerConfig {
  if (server.initAddr.includes('none')) return server;
  const ways = server.initAddr.length > 0 ? server.initAddr : ['last', 'libc'];
  return { ...server, initAddr: [...ways, 'none'] };
}
