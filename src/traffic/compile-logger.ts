import { bytesOf } from '../config/bytes.ts';
import { switchesMode } from '../config/switches-mode.ts';
import type { Diagnostic, Location, LogProfileConfig, LogStep, ProxyConfig, WordsAt } from '../config/types.ts';
import { type Acls, withAcls } from '../expr/acl/condition.ts';
import { connectLine } from '../expr/log/connection.ts';
import {
  CLF_LOG_FORMAT,
  HTTP_LOG_FORMAT,
  HTTPS_LOG_FORMAT,
  TCP_CLF_LOG_FORMAT,
  TCP_LOG_FORMAT,
} from '../expr/log/default-formats.ts';
import { compileLogFormat } from '../expr/log/format.ts';
import type { patternKeys } from '../expr/patterns.ts';
import { type CompileEnv, place } from '../expr/row.ts';
import type { ExprError } from '../expr/sample.ts';
import type { ExprContext } from '../expr/types.ts';
import type { LogFormatter } from './log.ts';
import type { RuleSurroundings } from './rules/compile.ts';

/** Makes the text of a line, or of its structured data. */
export interface LineOf {
  readonly format: (ctx: ExprContext) => string;
  /** The bytes of the text are to be sent as they are. */
  readonly binary: boolean;
}

/** What a profile says of a step: nothing is logged, or with other formats; null: as without it. */
export type ProfiledStep = 'drop' | { readonly line: LineOf | null; readonly sd: LineOf | null };

/** A compiled `log-profile`. */
export interface LogProfile {
  readonly name: string;
  readonly steps: ReadonlyMap<LogStep, ProfiledStep>;
}

type CompileFormat = (text: string, at: Location) => LineOf | ExprError;

/** Compiles the formats of a profile. */
export function compileProfile({ name, steps }: LogProfileConfig, compile: CompileFormat): LogProfile | ExprError {
  const compiled = new Map<LogStep, ProfiledStep>();
  const made = (format: WordsAt | null) => (format === null ? null : compile(format.words[0]!, format.at));
  for (const { step, drop, format, sd } of steps) {
    if (drop) {
      compiled.set(step, 'drop');
      continue;
    }
    const [line, data] = [made(format), made(sd)];
    for (const one of [line, data]) if (one !== null && 'error' in one) return one;
    compiled.set(step, { line: line as LineOf | null, sd: data as LineOf | null });
  }
  return { name, steps: compiled };
}

/** Compiles formats of log lines of a proxy. */
export function lineCompiler(env: CompileEnv, http: boolean): (text: string) => LineOf | ExprError {
  return (text) => compileLogFormat(bytesOf(text), env, { line: true, http });
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

/** Compiles all that a frontend logs with, and tells what is wrong; null when it logs nowhere, or its format is wrong. */
export function compileLogger(
  config: ProxyConfig,
  around: RuleSurroundings & { readonly keys: ReturnType<typeof patternKeys> },
  acls: Acls,
  problems: Diagnostic[],
): LogFormatter | null {
  const http = config.mode === 'http';
  const { hasProxy, hasServer, table, patterns, database, keys } = around;
  const formatAt: CompileFormat = (text, at) => {
    const bare: CompileEnv = {
      ...{ places: place.logs, proxy: config.name, hasProxy, hasServer, table },
      database: (path) => database(path, at.file),
      patterns: (use) => patterns(keys(use, at), use, at),
    };
    return lineCompiler(withAcls(bare, acls), http)(text);
  };
  const compile = (format: WordsAt | null, keyword: string): LineOf | null => {
    const made = format === null ? null : formatAt(format.words[0] ?? '', format.at);
    if (made === null || !('error' in made)) return made;
    problems.push({ severity: 'alert', at: format!.at, text: `failed to parse ${keyword} : ${made.error}.` });
    return null;
  };
  const text = config.logFormat?.words[0] ?? defaultFormat(config);
  const mode = http ? 'HTTP' : 'TCP';
  const line =
    text === null
      ? { format: (ctx: ExprContext) => connectLine(ctx, mode), binary: false }
      : compile({ words: [text], at: config.logFormat?.at ?? config.at }, 'log-format');
  const { errorLogFormat, logFormatSd, logs } = config;
  const error = compile(errorLogFormat, 'error-log-format');
  const sd = compile(logFormatSd, 'log-format-sd');
  if (line === null || logs.length === 0) return null;
  const profiles: LogProfile[] = [];
  const profiled = new Map(logs.flatMap(({ profile }) => (profile === null ? [] : [[profile.name, profile]])));
  for (const profile of profiled.values()) {
    const made = compileProfile(profile, formatAt);
    if (!('error' in made)) profiles.push(made);
    else problems.push({ severity: 'alert', at: profile.at, text: `log-profile '${profile.name}' : ${made.error}.` });
  }
  const texts = [text, errorLogFormat?.words[0], logFormatSd?.words[0], ...[...profiled.values()].flatMap(formatsOf)];
  return {
    line,
    error,
    sd,
    profiles,
    needsRequest: http || switchesMode(config),
    needsLocal: texts.some((format) => format != null && /bc_src|%(\{[^}]*\})?[+-]?b[ip]/.test(format)),
    when: momentOf(config, text, profiles.length > 0),
  };
}

/** Aliases whose values are known at the end of a stream; so is the ID, for HAProxy. */
const LATE = /%(\([^)]*\))?(\{[^}]*\})?(B|ID|T[acdhiqRrtu]|U|ac|bc|bq|fc|rc|sc|sq|ts)(?![A-Za-z0-9])/;

/** When the lines of a frontend are made, see `LogFormatter`. */
function momentOf(config: ProxyConfig, text: string | null, profiled: boolean): LogFormatter['when'] {
  if (text === null) return profiled ? 'close' : 'accept';
  const late = !config.options.includes('logasap') && [text, config.logFormatSd?.words[0]].some(tellsEnd);
  return late ? 'close' : 'answer';
}

/** Whether a format tells what is known only at the end: HAProxy logs others earlier. */
function tellsEnd(format: string | null | undefined): boolean {
  return format != null && LATE.test(format.replaceAll('%%', ''));
}

function formatsOf({ steps }: LogProfileConfig): string[] {
  return steps.flatMap(({ format, sd }) => [...(format?.words ?? []), ...(sd?.words ?? [])]);
}
