import { compileLogFormat } from '../../expr/log/format.ts';
import type { ExprError } from '../../expr/sample.ts';
import type { ExprContext } from '../../expr/types.ts';
import type { RuleEnv } from './types.ts';

/** A text made for each stream. */
export type TextOf = (ctx: ExprContext) => string;

/** Compiles a log-format argument of a rule; `raw`: values of expressions are put in as they are, and quoted where the format says so. */
export function compileText(format: string | undefined, env: RuleEnv, raw = false): TextOf | ExprError {
  if (format === undefined) return { error: 'expects a log-format string' };
  const compiled = compileLogFormat(format, env.expr, { raw });
  if ('error' in compiled) return compiled;
  const { constant } = compiled;
  return constant === null ? compiled.format : () => constant;
}

/** A text for the value of a header: `constant` where it is the same for all streams. */
export interface HeaderText {
  readonly constant: string | null;
  readonly format: TextOf;
}

/** Compiles a log-format argument of a rule whose text is to stand in a header. */
export function compileHeaderText(format: string, env: RuleEnv): HeaderText | ExprError {
  const compiled = compileLogFormat(format, env.expr);
  if ('error' in compiled) return compiled;
  const constant = compiled.constant === null ? null : headerSafe(compiled.constant);
  return { constant, format: constant === null ? (ctx) => headerSafe(compiled.format(ctx)) : () => constant };
}

/** A value that may stand in a header: line breaks would add headers of their own. */
export function headerSafe(value: string): string {
  // Nearly all are short, and a look at each char costs less than an expression.
  if (value.length > 32) return /[\r\n\0]/.test(value) ? blanked(value) : value;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code <= 13 && (code === 13 || code === 10 || code === 0)) return blanked(value);
  }
  return value;
}

function blanked(value: string): string {
  return value.replace(/[\r\n\0]/g, ' ');
}

/** Path and query (with its '?') of a request target in any form. */
export function splitTarget(uri: string): { readonly path: string; readonly query: string } {
  const scheme = uri.startsWith('/') ? -1 : uri.indexOf('://');
  if (uri === '*') return { path: '/', query: '' };
  const start = scheme < 0 ? 0 : uri.indexOf('/', scheme + 3);
  const rest = start < 0 ? '/' : uri.slice(start);
  const mark = rest.indexOf('?');
  return mark < 0 ? { path: rest, query: '' } : { path: rest.slice(0, mark), query: rest.slice(mark) };
}
