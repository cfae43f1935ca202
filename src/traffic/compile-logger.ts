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
import { type CompiledLogFormat, compileLogFormat } from '../expr/log/format.ts';
import type { patternKeys } from '../expr/patterns.ts';
import { type CompileEnv, type LogNeed, place } from '../expr/row.ts';
import type { ExprError } from '../expr/sample.ts';
import type { ExprContext } from '../expr/types.ts';
import type { LogFormatter } from './log.ts';
import type { RuleSurroundings } from './rules/compile.ts';
import { exprEnv } from './rules/expr-env.ts';

/** Makes the text of a line, or of its structured data. */
export interface LineOf {
  readonly format: (ctx: ExprContext) => string;
  /** The bytes of the text are to be sent as they are. */
  readonly binary: boolean;
}

/** What a profile says of a step: nothing is logged, or with other formats; null: as without it. */
export type ProfiledStep = 'drop' | { readonly line: CompiledLogFormat | null; readonly sd: CompiledLogFormat | null };

/** A compiled `log-profile`. */
export interface LogProfile {
  readonly name: string;
  readonly steps: ReadonlyMap<LogStep, ProfiledStep>;
}

type CompileFormat = (text: string, at: Location) => CompiledLogFormat | ExprError;

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
    compiled.set(step, { line: line as CompiledLogFormat | null, sd: data as CompiledLogFormat | null });
  }
  return { name, steps: compiled };
}

/** Compiles formats of log lines of a proxy. */
export function lineCompiler(env: CompileEnv, http: boolean): (text: string) => CompiledLogFormat | ExprError {
  return (text) => compileLogFormat(bytesOf(text), env, { line: true, http });
}

/** The format that a frontend's options stand for (manual, section 8.2). */
function defaultFormat(config: ProxyConfig): string | null {
  const { options } = config;
  const clf = options.includes('httplog-clf');
  if (options.includes('httpslog')) return HTTPS_LOG_FORMAT;
  if (options.includes('httplog') || clf) return clf ? CLF_LOG_FORMAT : HTTP_LOG_FORMAT;
  if (options.includes('tcplog-clf')) return TCP_CLF_LOG_FORMAT;
  return options.includes('tcplog') ? TCP_LOG_FORMAT : null;
}

/** Compiles all that a frontend logs with, and tells what is wrong; null when it logs nowhere, or its format is wrong. */
export function compileLogger(
  config: ProxyConfig,
  around: RuleSurroundings & { readonly keys: ReturnType<typeof patternKeys> },
  acls: Acls,
  problems: Diagnostic[],
): LogFormatter | null {
  const http = config.mode === 'http';
  const formatAt: CompileFormat = (text, at) => {
    const bare = exprEnv(around, around.keys, { proxy: config.name, places: place.logs, at });
    return lineCompiler(withAcls(bare, acls), http)(text);
  };
  const compile = (format: WordsAt | null, keyword: string): CompiledLogFormat | null => {
    const made = format === null ? null : formatAt(format.words[0] ?? '', format.at);
    if (made === null || !('error' in made)) return made;
    problems.push({ severity: 'alert', at: format!.at, text: `failed to parse ${keyword} : ${made.error}.` });
    return null;
  };
  const text = config.logFormat?.words[0] ?? defaultFormat(config);
  const mode = http ? 'HTTP' : 'TCP';
  const format = text === null ? null : compile({ words: [text], at: config.logFormat?.at ?? config.at }, 'log-format');
  const line = text === null ? { format: (ctx: ExprContext) => connectLine(ctx, mode), binary: false } : format;
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
  return {
    line,
    error,
    sd,
    profiles,
    needsRequest: http || switchesMode(config),
    needsLocal: [format?.needs, error?.needs, sd?.needs, needsOf(profiles)].some((needs) => needs?.has('localAddress')),
    when: momentOf(config, format?.needs ?? null, [sd, error], profiles.length > 0),
  };
}

/** When the lines of a frontend are made, see `LogFormatter`. `needs`: what its values need; null: it has no format. */
function momentOf(
  config: ProxyConfig,
  needs: ReadonlySet<LogNeed> | null,
  others: readonly (CompiledLogFormat | null)[],
  profiled: boolean,
): LogFormatter['when'] {
  if (needs === null) return profiled ? 'close' : 'accept';
  const late = needs.has('end') || others.some((other) => other?.needs.has('end') === true);
  return late && !config.options.includes('logasap') ? 'close' : 'answer';
}

/** What the formats of profiles need. */
function needsOf(profiles: readonly LogProfile[]): Set<LogNeed> {
  const needs = new Set<LogNeed>();
  for (const { steps } of profiles) {
    for (const step of steps.values()) {
      if (step !== 'drop')
        for (const format of [step.line, step.sd]) for (const need of format?.needs ?? []) needs.add(need);
    }
  }
  return needs;
}
