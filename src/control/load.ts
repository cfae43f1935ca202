import { type LoadInput, type LoadResult, loadConfig } from '../config/load.ts';
import type { Config, Diagnostic, ProxyConfig } from '../config/types.ts';
import { compileProxy, type ProxySurroundings, readFileOrNull } from '../traffic/compile-proxy.ts';
import { compileHealthCheck } from './checks/compile.ts';

/**
 * Reads configuration files and compiles all that they say, as the traffic threads and the checks will: what is wrong is found
 * before anything starts. `config` is null when there was an alert.
 */
export function load(input: LoadInput): LoadResult {
  const result = loadConfig(input);
  const { config, diagnostics } = result;
  if (config === null) return result;
  const all: Diagnostic[] = [...diagnostics];
  const around = surroundings(config);
  for (const proxy of config.proxies) {
    all.push(...compileProxy(proxy, around).problems);
    if (proxy.kind !== 'frontend') all.push(...checkProblems(proxy));
  }
  return { ...result, config: all.some((d) => d.severity === 'alert') ? null : config, diagnostics: all };
}

function surroundings(config: Config): ProxySurroundings {
  const find = (name: string) => config.proxies.filter((proxy) => proxy.name === name);
  return {
    hasProxy: (name, side) => find(name).some((proxy) => proxy.kind === 'listen' || proxy.kind === side),
    hasServer: (backend, server) => find(backend).some((proxy) => proxy.servers.some((s) => s.name === server)),
    readFile: readFileOrNull,
    httpErrors: (name) => config.httpErrors.find((section) => section.name === name)?.files ?? null,
  };
}

function checkProblems(proxy: ProxyConfig): readonly Diagnostic[] {
  if (!proxy.servers.some((server) => server.check !== null)) return [];
  const compiled = compileHealthCheck(proxy);
  return 'diagnostics' in compiled ? compiled.diagnostics : [];
}
