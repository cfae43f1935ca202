import { readFileSync } from 'node:fs';
import type { Diagnostic, ProxyConfig } from '../config/types.ts';
import { CLF_LOG_FORMAT, HTTP_LOG_FORMAT, HTTPS_LOG_FORMAT, TCP_CLF_LOG_FORMAT, TCP_LOG_FORMAT } from '../expr/log/default-formats.ts';
import { compileLogFormat } from '../expr/log/format.ts';
import { place } from '../expr/row.ts';
import type { ExprContext } from '../expr/types.ts';
import { ErrorPages, type LocalResponse } from './error-pages.ts';
import { loadErrorPages } from './error-files.ts';
import type { LogFormatter } from './log.ts';
import { compileRules, type RuleSurroundings } from './rules/compile.ts';
import type { BackendRules, FrontendRules } from './rules/types.ts';

/** All of a proxy that is compiled: rules, log formats, error pages. */
export interface CompiledProxy {
  readonly frontendRules: FrontendRules | null;
  readonly backendRules: BackendRules | null;
  readonly logger: LogFormatter | null;
  readonly errorPages: ErrorPages;
  readonly problems: readonly Diagnostic[];
}

/** Other sections that a proxy's settings refer to. */
export interface ProxySurroundings extends RuleSurroundings {
  /** Pages of an `http-errors` section, null when there is no such section. */
  httpErrors(name: string): readonly { readonly status: number; readonly file: string }[] | null;
}

/** Compiles a proxy. Pure; the control thread does it to find errors before anything starts. */
export function compileProxy(config: ProxyConfig, around: ProxySurroundings): CompiledProxy {
  const rules = compileRules(config, around);
  const problems: Diagnostic[] = [...rules.problems];
  const logger = config.kind === 'backend' ? null : compileLogger(config, around, problems);
  const pages: ReadonlyMap<number, LocalResponse> = loadErrorPages(config, around, problems);
  return { frontendRules: rules.frontend, backendRules: rules.backend, logger, errorPages: new ErrorPages(pages), problems };
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

function compileLogger(config: ProxyConfig, around: ProxySurroundings, problems: Diagnostic[]): LogFormatter | null {
  if (config.logs.length === 0) return null;
  const http = config.mode === 'http';
  const env = { places: place.logs, proxy: config.name, hasProxy: around.hasProxy, hasServer: around.hasServer };
  const compile = (text: string, at: Diagnostic['at']): ((ctx: ExprContext) => string) | null => {
    const format = compileLogFormat(text, env, { line: true, http });
    if ('error' in format) {
      problems.push({ severity: 'alert', at, text: `failed to parse log-format : ${format.error}.` });
      return null;
    }
    return (ctx) => format.format(ctx);
  };
  const text = config.logFormat?.words[0] ?? defaultFormat(config);
  const line = text === null ? plainLine(config) : compile(text, config.logFormat?.at ?? config.at);
  if (line === null) return null;
  const { errorLogFormat, logFormatSd } = config;
  return {
    line,
    error: errorLogFormat === null ? null : compile(errorLogFormat.words[0] ?? '', errorLogFormat.at),
    sd: logFormatSd === null ? null : compile(logFormatSd.words[0] ?? '', logFormatSd.at),
    needsRequest: http,
    early: text === null,
  };
}

function plainLine(config: ProxyConfig): (ctx: ExprContext) => string {
  const mode = config.mode === 'http' ? 'HTTP' : 'TCP';
  return ({ source, destination }) => `Connect from ${source.host}:${source.port} to ${destination.host}:${destination.port} (${config.name}/${mode})`;
}

/** A file as a rule or section names it; null when it cannot be read. */
export function readFileOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
