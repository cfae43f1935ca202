import type { LoadResult } from '../config/load.ts';
import type { Config, Diagnostic } from '../config/types.ts';
import { load as loadFiles } from '../control/load.ts';
import type { Invocation } from './arguments.ts';
import { PROGRAM_FACTS } from './facts.ts';
import { withOwners } from './owners.ts';

/**
 * Reads the files of an invocation, for the start and again for each reload; what the command line sets wins. `exhaustive`: all
 * mistakes are told, not only the first ones.
 */
export function load(
  invocation: Pick<Invocation, 'files' | 'localPeer' | 'maxconn' | 'proxyMaxconn'>,
  { exhaustive = false } = {},
): LoadResult {
  const { files, localPeer } = invocation;
  const loaded = loadFiles({
    paths: files,
    env: process.env,
    facts: PROGRAM_FACTS,
    exhaustive,
    ...(localPeer === null ? {} : { localpeer: localPeer }),
  });
  if (loaded.config === null) return loaded;
  const { config, problems } = withOwners(limited(loaded.config, invocation));
  if (problems.length === 0) return { ...loaded, config };
  const fatal: Diagnostic = { severity: 'alert', at: null, text: 'Fatal errors found in configuration.' };
  return { ...loaded, config: null, diagnostics: [...loaded.diagnostics, ...problems, fatal] };
}

/** `-n` is the limit of the process whatever the files say, `-N` that of frontends that have none. */
function limited(config: Config, { maxconn, proxyMaxconn }: Pick<Invocation, 'maxconn' | 'proxyMaxconn'>): Config {
  const proxies =
    proxyMaxconn === null
      ? config.proxies
      : config.proxies.map((proxy) => ({ ...proxy, maxconn: proxy.maxconn ?? proxyMaxconn }));
  return { ...config, proxies, global: maxconn === null ? config.global : { ...config.global, maxconn } };
}
