import { bytesOf } from '../config/bytes.ts';
import { configuredPath } from '../config/paths.ts';
import type { Diagnostic, ProxyConfig, ServerConfig, UserlistConfig } from '../config/types.ts';
import { type Compiled, compileWhole } from '../expr/compile.ts';
import { compileLogFormat, type LogFormat } from '../expr/log/format.ts';
import { patternKeys } from '../expr/patterns.ts';
import { type CompileEnv, place, type Userlist } from '../expr/row.ts';
import type { ExprError } from '../expr/sample.ts';
import { compileUserlist } from '../expr/userlist.ts';
import { readFileOrNull } from '../util/files.ts';
import { compileForwarded } from './compile-forwarded.ts';
import { compileLogger } from './compile-logger.ts';
import { loadErrorPages } from './error-files.ts';
import { ErrorPages, type LocalResponse } from './error-pages.ts';
import type { LogFormatter } from './log.ts';
import { compileErrorAnswer, compileRules, type RuleSurroundings } from './rules/compile.ts';
import { exprEnv } from './rules/expr-env.ts';
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
    (line) => compileErrorAnswer(config, around, keys, line, problems),
    problems,
  );
  return {
    frontendRules: rules.frontend,
    backendRules: rules.backend,
    logger,
    errorPages: new ErrorPages(pages),
    serverNames:
      config.kind === 'frontend'
        ? new Map()
        : compileTexts(config, { ...around, keys }, namesOf, compileWhole, problems),
    forwarded: compileForwarded(config, { ...around, keys }, problems),
    tlvFormats: compileTexts(config, { ...around, keys }, tlvsOf, compileLogFormat, problems),
    problems,
  };
}

/** A text on the line of a server, and how it is called where it is wrong. */
type Named = readonly [what: string, text: string];

/** What is made of texts on the lines of servers, by the texts. */
function compileTexts<T extends object>(
  { name: proxy, servers }: ProxyConfig,
  around: ProxySurroundings & { readonly keys: ReturnType<typeof patternKeys> },
  textsOf: (server: ServerConfig) => readonly Named[],
  make: (text: string, env: CompileEnv) => T | ExprError,
  problems: Diagnostic[],
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const server of servers) {
    const { name, at } = server;
    for (const [what, source] of textsOf(server)) {
      if (found.has(source)) continue;
      const made = make(bytesOf(source), exprEnv(around, around.keys, { proxy, places: place.serverSource, at }));
      if (!('error' in made)) found.set(source, made);
      else {
        const text = `'server ${proxy}/${name}' : error detected while parsing ${what} : ${made.error}`;
        problems.push({ severity: 'alert', at, text, form: 'server' });
      }
    }
  }
  return found;
}

/** The names that servers are asked for, and those of connections to them (manual, `sni` and `pool-conn-name`). */
function namesOf({ tls, poolConnName }: ServerConfig): Named[] {
  const names: Named[] = [];
  if (tls !== null && tls.sni !== null) names.push(['sni expression', tls.sni]);
  if (poolConnName !== null) names.push(['pool-conn-name expression', poolConnName]);
  return names;
}

/** The values of TLVs that servers get (manual, `set-proxy-v2-tlv-fmt`). */
const tlvsOf = ({ proxyTlvs }: ServerConfig) => proxyTlvs.map(({ format }): Named => ['TLV format string', format]);

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
