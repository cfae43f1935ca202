import { bytesOf } from '../config/bytes.ts';
import { configuredPath } from '../config/paths.ts';
import type { Diagnostic, ProxyConfig, UserlistConfig } from '../config/types.ts';
import { type Compiled, compileWhole } from '../expr/compile.ts';
import { compileLogFormat, type LogFormat } from '../expr/log/format.ts';
import { patternKeys } from '../expr/patterns.ts';
import { place, type Userlist } from '../expr/row.ts';
import { compileUserlist } from '../expr/userlist.ts';
import { readFileOrNull } from '../util/files.ts';
import { compileForwarded } from './compile-forwarded.ts';
import { compileLogger } from './compile-logger.ts';
import { loadErrorPages } from './error-files.ts';
import { ErrorPages, type LocalResponse } from './error-pages.ts';
import type { LogFormatter } from './log.ts';
import { compileErrorAnswer, compileRules, type RuleSurroundings } from './rules/compile.ts';
import type { BackendRules, FrontendRules } from './rules/types.ts';
import type { Stream } from './stream.ts';

/** All of a proxy that is compiled: rules, log formats, error pages. */
export interface CompiledProxy {
  readonly frontendRules: FrontendRules | null;
  readonly backendRules: BackendRules | null;
  readonly logger: LogFormatter | null;
  readonly errorPages: ErrorPages;
  /** Expressions of servers (`sni`, `pool-conn-name`), by their text. */
  readonly serverNames: ReadonlyMap<string, Compiled>;
  /** Log-formats of TLVs that servers get (`set-proxy-v2-tlv-fmt`), by their text. */
  readonly tlvFormats: ReadonlyMap<string, LogFormat>;
  /** What `option forwarded` adds to a request, null: nothing. */
  readonly forwarded: ((stream: Stream) => string) | null;
  readonly problems: readonly Diagnostic[];
}

/** Other sections that a proxy's settings refer to. */
export type ProxySurroundings = RuleSurroundings;

/** Compiles a proxy. Pure; the control thread does it to find errors before anything starts. */
export function compileProxy(config: ProxyConfig, around: ProxySurroundings): CompiledProxy {
  const keys = patternKeys(`${config.kind} ${config.name}`);
  const rules = compileRules(config, around, keys);
  const problems: Diagnostic[] = [...rules.problems];
  const logger = config.kind === 'backend' ? null : compileLogger(config, { ...around, keys }, rules.acls, problems);
  const pages: ReadonlyMap<number, LocalResponse> = loadErrorPages(
    config,
    around,
    (line) => compileErrorAnswer(config, around, keys, line),
    problems,
  );
  return {
    frontendRules: rules.frontend,
    backendRules: rules.backend,
    logger,
    errorPages: new ErrorPages(pages),
    serverNames: config.kind === 'frontend' ? new Map() : compileNames(config, { ...around, keys }, problems),
    forwarded: compileForwarded(config, { ...around, keys }, problems),
    tlvFormats: compileTlvs(config, { ...around, keys }, problems),
    problems,
  };
}

/** The names that servers are asked for, and those of connections to them (manual, `sni` and `pool-conn-name`). */
function compileNames(
  { name: proxy, servers }: ProxyConfig,
  { hasProxy, hasServer, patterns, keys }: ProxySurroundings & { readonly keys: ReturnType<typeof patternKeys> },
  problems: Diagnostic[],
): ReadonlyMap<string, Compiled> {
  const names = new Map<string, Compiled>();
  for (const { tls, poolConnName, name, at } of servers) {
    for (const [option, source] of [
      ['sni', tls?.sni ?? null],
      ['pool-conn-name', poolConnName],
    ] as const) {
      if (source === null || names.has(source)) continue;
      const compiled = compileWhole(bytesOf(source), {
        ...{ places: place.serverSource, proxy, hasProxy, hasServer },
        patterns: (use) => patterns(keys(use, at), use, at),
      });
      if (!('error' in compiled)) names.set(source, compiled);
      else {
        const text = `'server ${proxy}/${name}' : error detected while parsing ${option} expression : ${compiled.error}`;
        problems.push({ severity: 'alert', at, text, form: 'server' });
      }
    }
  }
  return names;
}

/** The values of TLVs that servers get (manual, `set-proxy-v2-tlv-fmt`). */
function compileTlvs(
  { name: proxy, servers }: ProxyConfig,
  { hasProxy, hasServer, patterns, keys }: ProxySurroundings & { readonly keys: ReturnType<typeof patternKeys> },
  problems: Diagnostic[],
): ReadonlyMap<string, LogFormat> {
  const formats = new Map<string, LogFormat>();
  for (const { proxyTlvs, name, at } of servers) {
    for (const { format: source } of proxyTlvs) {
      if (formats.has(source)) continue;
      const format = compileLogFormat(bytesOf(source), {
        ...{ places: place.serverSource, proxy, hasProxy, hasServer },
        patterns: (use) => patterns(keys(use, at), use, at),
      });
      if (!('error' in format)) formats.set(source, format);
      else {
        const text = `'server ${proxy}/${name}' : error detected while parsing TLV format string : ${format.error}`;
        problems.push({ severity: 'alert', at, text, form: 'server' });
      }
    }
  }
  return formats;
}

/** Compiles `userlist` sections. */
export function compileUserlists(sections: readonly UserlistConfig[]): {
  lists: ReadonlyMap<string, Userlist>;
  problems: readonly Diagnostic[];
} {
  const lists = new Map<string, Userlist>();
  const problems: Diagnostic[] = [];
  for (const section of sections) {
    const list = compileUserlist(section);
    if ('error' in list) problems.push({ severity: 'alert', at: section.at, text: `${list.error}.` });
    else lists.set(section.name, list);
  }
  return { lists, problems };
}

/** Reads files as a rule or section names them: relative paths start where `default-path` says. */
export function configuredFiles(defaultPath: readonly string[]): RuleSurroundings['readFile'] {
  return (path, from) => readFileOrNull(from === undefined ? path : configuredPath(path, from, defaultPath));
}
