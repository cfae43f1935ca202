import { configuredPath } from '../config/paths.ts';
import type { Diagnostic, Location, ProxyConfig, UserlistConfig } from '../config/types.ts';
import { type Acls, withAcls } from '../expr/acl/condition.ts';
import { type Compiled, compileWhole } from '../expr/compile.ts';
import { connectLine } from '../expr/log/connection.ts';
import {
  CLF_LOG_FORMAT,
  HTTP_LOG_FORMAT,
  HTTPS_LOG_FORMAT,
  TCP_CLF_LOG_FORMAT,
  TCP_LOG_FORMAT,
} from '../expr/log/default-formats.ts';
import { compileLogFormat } from '../expr/log/format.ts';
import { patternKeys } from '../expr/patterns.ts';
import { place, type Userlist } from '../expr/row.ts';
import type { ExprContext } from '../expr/types.ts';
import { compileUserlist } from '../expr/userlist.ts';
import { readFileOrNull } from '../util/files.ts';
import { loadErrorPages } from './error-files.ts';
import { ErrorPages, type LocalResponse } from './error-pages.ts';
import type { LogFormatter } from './log.ts';
import { compileRules, type RuleSurroundings } from './rules/compile.ts';
import type { BackendRules, FrontendRules } from './rules/types.ts';

/** All of a proxy that is compiled: rules, log formats, error pages. */
export interface CompiledProxy {
  readonly frontendRules: FrontendRules | null;
  readonly backendRules: BackendRules | null;
  readonly logger: LogFormatter | null;
  readonly errorPages: ErrorPages;
  /** `sni` expressions of servers, by their text. */
  readonly sni: ReadonlyMap<string, Compiled>;
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
  const pages: ReadonlyMap<number, LocalResponse> = loadErrorPages(config, around, problems);
  return {
    frontendRules: rules.frontend,
    backendRules: rules.backend,
    logger,
    errorPages: new ErrorPages(pages),
    sni: config.kind === 'frontend' ? new Map() : compileNames(config, { ...around, keys }, problems),
    problems,
  };
}

/** The names that servers are asked for (manual, `sni`). */
function compileNames(
  { name: proxy, servers }: ProxyConfig,
  { hasProxy, hasServer, patterns, keys }: ProxySurroundings & { readonly keys: ReturnType<typeof patternKeys> },
  problems: Diagnostic[],
): ReadonlyMap<string, Compiled> {
  const names = new Map<string, Compiled>();
  for (const { tls, name, at } of servers) {
    if (tls === null || tls.sni === null || names.has(tls.sni)) continue;
    const compiled = compileWhole(tls.sni, {
      ...{ places: place.serverSource, proxy, hasProxy, hasServer },
      patterns: (use) => patterns(keys(use, at), use, at),
    });
    if (!('error' in compiled)) names.set(tls.sni, compiled);
    else {
      const text = `'server ${proxy}/${name}' : error detected while parsing sni expression : ${compiled.error}`;
      problems.push({ severity: 'alert', at, text, form: 'server' });
    }
  }
  return names;
}

/** The format that a frontend's options stand for (manual, section 8.2). */
function defaultFormat(config: ProxyConfig): string | null {
  const { options } = config;
  const clf = options.includes('httplog-clf');
  if (options.includes('httpslog')) return HTTPS_LOG_FORMAT;
  if (options.includes('httplog') || clf) return clf ? CLF_LOG_FORMAT : HTTP_LOG_FORMAT;
  if (options.includes('tcplog')) return options.includes('tcplog-clf') ? TCP_CLF_LOG_FORMAT : TCP_LOG_FORMAT;
  return null;
}

function compileLogger(
  config: ProxyConfig,
  around: ProxySurroundings & { readonly keys: ReturnType<typeof patternKeys> },
  acls: Acls,
  problems: Diagnostic[],
): LogFormatter | null {
  if (config.logs.length === 0) return null;
  const http = config.mode === 'http';
  const mode = http ? 'HTTP' : 'TCP';
  const { hasProxy, hasServer, patterns, keys } = around;
  const compile = (text: string, at: Location): ((ctx: ExprContext) => string) | null => {
    const env = withAcls(
      {
        ...{ places: place.logs, proxy: config.name, hasProxy, hasServer },
        patterns: (use) => patterns(keys(use, at), use, at),
      },
      acls,
    );
    const format = compileLogFormat(text, env, { line: true, http });
    if ('error' in format) {
      problems.push({ severity: 'alert', at, text: `failed to parse log-format : ${format.error}.` });
      return null;
    }
    return (ctx) => format.format(ctx);
  };
  const text = config.logFormat?.words[0] ?? defaultFormat(config);
  const line =
    text === null ? (ctx: ExprContext) => connectLine(ctx, mode) : compile(text, config.logFormat?.at ?? config.at);
  if (line === null) return null;
  const { errorLogFormat, logFormatSd } = config;
  return {
    line,
    error: errorLogFormat === null ? null : compile(errorLogFormat.words[0] ?? '', errorLogFormat.at),
    sd: logFormatSd === null ? null : compile(logFormatSd.words[0] ?? '', logFormatSd.at),
    needsRequest: http,
    needsLocal: [text, errorLogFormat?.words[0], logFormatSd?.words[0]].some(
      (format) => format != null && /bc_src|%(\{[^}]*\})?[+-]?b[ip]/.test(format),
    ),
    early: text === null,
  };
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
