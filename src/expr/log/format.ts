/** Log-formats: text with `%alias`, `%{flags}alias`, `%[expression]` and `%%`, compiled to one function. */

import { type Compiled, compileExpressionText, isAvailable } from '../compile.ts';
import { type CompileEnv, SOURCES } from '../row.ts';
import { type ExprError, isError, textOf } from '../sample.ts';
import type { ExprContext } from '../types.ts';
import { ALIASES_BY_NAME, type AliasRow, type LogFlags } from './aliases.ts';
import { encodeControls, encodeLogControls, escapeStructured } from './escape.ts';

/** How a format is used. */
export interface LogFormatOptions {
  /** A log line: `-` stands for what is absent, and runs of blanks are one. Rules (`set-header`, `lf-string`, ...) leave it out. */
  readonly line?: boolean;
  /** The proxy is in `mode http`; left out, it is. */
  readonly http?: boolean;
  /** Values of expressions are put in as they are (`set-var-fmt`); left out, control chars become `%XX` (in lines `#XX`). */
  readonly raw?: boolean;
}

/** A compiled log-format. */
export interface LogFormat {
  /** The text for a stream. Never throws. */
  format(ctx: ExprContext): string;
  /** The text, when it is the same for all streams; else null. */
  readonly constant: string | null;
}

type Piece = string | ((ctx: ExprContext) => string);

const NO_FLAGS: LogFlags = { quote: false, hex: false, escape: false, mandatory: false };

/** Compiles a log-format; errors are in HAProxy's words, without the final dot. */
export function compileLogFormat(text: string, env: CompileEnv, options: LogFormatOptions = {}): LogFormat | ExprError {
  const parser = new Parser(text, env, options);
  const problem = parser.run();
  if (problem !== null) return problem;
  return join(parser.pieces, options.line === true);
}

class Parser {
  readonly pieces: Piece[] = [];
  readonly #text: string;
  readonly #env: CompileEnv;
  readonly #options: LogFormatOptions;
  #flags: LogFlags;
  #at = 0;

  constructor(text: string, env: CompileEnv, options: LogFormatOptions) {
    this.#text = text;
    this.#env = env;
    this.#options = options;
    this.#flags = { ...NO_FLAGS, mandatory: options.line === true };
  }

  run(): ExprError | null {
    const text = this.#text;
    while (this.#at < text.length) {
      const mark = text.indexOf('%', this.#at);
      if (mark !== this.#at) {
        this.pieces.push(text.slice(this.#at, mark === -1 ? text.length : mark));
        if (mark === -1) break;
      }
      this.#at = mark + 1;
      if (text[this.#at] === '%') {
        this.pieces.push('%');
        this.#at++;
        continue;
      }
      const problem = this.#item();
      if (problem !== null) return problem;
    }
    return null;
  }

  /** What follows a `%`: an optional name, optional flags, then an alias or an expression. */
  #item(): ExprError | null {
    const text = this.#text;
    let flags = this.#flags;
    if (text[this.#at] === '(') {
      const end = text.indexOf(')', this.#at);
      if (end === -1) return { error: `truncated line after '${text.slice(this.#at + 1)}'` };
      this.#at = end + 1;
    }
    let isGlobal = false;
    if (text[this.#at] === '{') {
      const end = text.indexOf('}', this.#at);
      if (end === -1) return { error: `truncated line after '${text.slice(this.#at + 1)}'` };
      const changes = text.slice(this.#at + 1, end);
      flags = applyFlags(flags, changes);
      this.#at = end + 1;
      isGlobal = true;
      if (this.#at >= text.length) {
        return { error: `parse argument modifier without variable name near '%{${changes}}'` };
      }
    }
    if (text[this.#at] === '[') return this.#expression(flags);
    const name = /^[A-Za-z0-9]*/.exec(text.slice(this.#at, this.#at + 32))![0];
    if (name === '') return this.#unexpected();
    this.#at += name.length;
    if (name === 'o') {
      if (isGlobal) this.#flags = flags;
      return null;
    }
    const row = ALIASES_BY_NAME.get(name);
    if (row === undefined) {
      const advice = "If you wanted to emit the '%' character verbatim, you need to use '%%'";
      return { error: `no such format alias '${name}'. ${advice}` };
    }
    if (row.http && this.#options.http === false) return { error: `format alias '${name}' is reserved for HTTP mode` };
    this.pieces.push(printAlias(row, flags));
    return null;
  }

  #unexpected(): ExprError {
    const char = this.#text[this.#at];
    if (char === undefined) return { error: "truncated line after '%'" };
    return {
      error:
        `unexpected variable name near '${char}' at position ${this.#at} line : '${this.#text}'. ` +
        "Maybe you want to write a single '%', use the syntax '%%'",
    };
  }

  #expression(flags: LogFlags): ExprError | null {
    const text = this.#text;
    const start = this.#at + 1;
    const parsed = compileExpressionText(text, start, ']', this.#env);
    const shown = text.slice(start);
    if (isError(parsed)) return { error: `failed to parse sample expression <${shown}> : ${parsed.error}` };
    const { compiled, next } = parsed;
    if (next >= text.length) return { error: `missing ']' after '${shown}'` };
    if (text[next] !== ']') {
      return { error: `expected ']' after '${text.slice(start, next)}', but found '${text[next]!}'` };
    }
    if (!isAvailable(compiled, this.#env.places)) {
      const needs = SOURCES[compiled.source].text;
      return {
        error: `sample fetch <${shown}> may not be reliably used here because it needs '${needs}' which is not available here`,
      };
    }
    this.#at = next + 1;
    this.pieces.push(printExpression(compiled, flags, encoderOf(this.#options)));
    return null;
  }
}

/** Flags after changes such as `+Q,-X`; unknown ones mean nothing, as in HAProxy. */
function applyFlags(flags: LogFlags, changes: string): LogFlags {
  const result = { ...flags };
  for (const change of changes.split(',')) {
    const match = /^\s*([+-]?)(\w+)/.exec(change);
    const on = match?.[1] !== '-';
    if (match?.[2] === 'Q') result.quote = on;
    else if (match?.[2] === 'X') result.hex = on;
    else if (match?.[2] === 'E') result.escape = on;
    else if (match?.[2] === 'M') result.mandatory = on;
  }
  return result;
}

/** Text as the flags want it. */
function dress(text: string, flags: LogFlags): string {
  const body = flags.escape ? escapeStructured(text) : text;
  if (flags.quote) return `"${body}"`;
  return body === '' && flags.mandatory ? '-' : body;
}

function printAlias(row: AliasRow, flags: LogFlags): Piece {
  const { read } = row;
  if (row.kind === 'number' || row.kind === 'raw') return (ctx) => read(ctx, flags);
  if (row.kind === 'port') return (ctx) => read(ctx, flags) || dress('', flags);
  if (row.kind === 'part')
    return flags.quote || flags.escape ? (ctx) => dress(read(ctx, flags), flags) : (ctx) => read(ctx, flags);
  if (!flags.quote && !flags.escape && !flags.mandatory) return (ctx) => read(ctx, flags);
  return (ctx) => dress(read(ctx, flags), flags);
}

type Encode = (text: string) => string;

function encoderOf({ line, raw }: LogFormatOptions): Encode | null {
  if (raw === true) return null;
  return line === true ? encodeLogControls : encodeControls;
}

function printExpression(compiled: Compiled, flags: LogFlags, encode: Encode | null): Piece {
  const { evaluate } = compiled;
  const bare = !flags.quote && !flags.escape && !flags.mandatory;
  return (ctx) => {
    const value = evaluate(ctx);
    let text = value === undefined ? '' : textOf(value, compiled.typeOf(value));
    if (encode !== null) text = encode(text);
    return bare ? text : dress(text, flags);
  };
}

function join(pieces: readonly Piece[], mergeBlanks: boolean): LogFormat {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') merged[merged.length - 1] = last + piece;
    else merged.push(piece);
  }
  if (mergeBlanks) {
    for (let i = 0; i < merged.length; i++) {
      const piece = merged[i]!;
      if (typeof piece === 'string') merged[i] = piece.replace(/ {2,}/g, ' ');
    }
  }
  if (merged.length === 0) return { format: () => '', constant: '' };
  if (merged.length === 1 && typeof merged[0] === 'string') {
    const [only] = merged;
    return { format: () => only, constant: only };
  }
  return { constant: null, format: mergeBlanks ? lineOf(merged) : textOfPieces(merged) };
}

function textOfPieces(pieces: readonly Piece[]): (ctx: ExprContext) => string {
  return (ctx) => {
    let text = '';
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i]!;
      text += typeof piece === 'string' ? piece : piece(ctx);
    }
    return text;
  };
}

/** As `textOfPieces`, but a blank at the start or behind another one (`%hr` without captures) is left out. */
function lineOf(pieces: readonly Piece[]): (ctx: ExprContext) => string {
  return (ctx) => {
    let line = '';
    let afterNothing = true;
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i]!;
      if (typeof piece === 'string') {
        const isExtra = afterNothing && piece.startsWith(' ') && (line === '' || line.endsWith(' '));
        line += isExtra ? piece.slice(1) : piece;
        afterNothing = false;
        continue;
      }
      const text = piece(ctx);
      line += text;
      afterNothing = text === '';
    }
    return line;
  };
}
