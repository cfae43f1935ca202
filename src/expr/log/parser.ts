/** Log-formats as they are read: texts, and items with their flags. */

import { compileExpressionText, isAvailable } from '../compile.ts';
import { type CompileEnv, type LogNeed, SOURCES } from '../row.ts';
import { type ExprError, isError } from '../sample.ts';
import type { LogFlags } from './alias-rows.ts';
import { ALIASES_BY_NAME } from './aliases.ts';
import type { ItemCast } from './encode.ts';
import { encodeControls, encodeLogControls } from './escape.ts';
import { aliasValue, expressionValue, type Item, printAlias, printExpression, rawBytes } from './print.ts';

/** How a format is used. */
export interface LogFormatOptions {
  /** A log line: `-` stands for what is absent, and runs of blanks are one. Rules (`set-header`, `lf-string`, ...) leave it out. */
  readonly line?: boolean;
  /** The proxy is in `mode http`; left out, it is. */
  readonly http?: boolean;
  /** Values of expressions are put in as they are (`set-var-fmt`); left out, control chars become `%XX` (in lines `#XX`). */
  readonly raw?: boolean;
  /** Runs of blanks are one also where it is no line (`unique-id-format`). */
  readonly merged?: boolean;
}

/** An item as it was read, to be made when it is known which flags hold for the whole. */
export interface Node {
  readonly flags: LogFlags;
  make(flags: LogFlags): Item;
}

const NO_FLAGS: LogFlags = {
  quote: false,
  hex: false,
  escape: false,
  mandatory: false,
  json: false,
  utf8: false,
  cbor: false,
  binary: false,
};

const isItemCast = (type: string | null): type is ItemCast =>
  type === null || type === 'str' || type === 'sint' || type === 'bool' || type === 'raw';

/** `(name)` or `(name:type)` of an item, and the offset behind it. */
function readItemName(text: string, start: number): { name: string; cast: ItemCast; next: number } | ExprError {
  const [found, name = '', cast] = /\(([A-Za-z0-9_-]*)(?::([A-Za-z0-9_-]*))?/.exec(text.slice(start))!;
  const end = start + found.length;
  if (text[end] !== ')') {
    return { error: `invalid character in custom name near '${text[end] ?? ''}' at position ${end} line : '${text}'` };
  }
  const type = cast ?? null;
  if (!isItemCast(type)) {
    const types = 'Supported types are: str, sint, bool, raw';
    return { error: `unexpected output type '${cast}' at position ${end - cast!.length} line : '${text}'. ${types}` };
  }
  return { name, cast: type, next: end + 1 };
}

/** Reads a log-format. */
export class LogFormatParser {
  readonly nodes: (string | Node)[] = [];
  /** What each `%{...}o` left as the flags of the items behind it. */
  readonly defaults: LogFlags[] = [];
  /** What the values in it need. */
  readonly needs = new Set<LogNeed>();
  readonly #text: string;
  readonly #env: CompileEnv;
  readonly #options: LogFormatOptions;
  /** What `%{...}o` has said so far. */
  #flags: LogFlags;
  #at = 0;
  /** Name and type of the item being read. */
  #name = '';
  #cast: ItemCast = null;

  constructor(text: string, env: CompileEnv, options: LogFormatOptions) {
    this.#text = text;
    this.#env = env;
    this.#options = options;
    this.#flags = { ...NO_FLAGS, mandatory: options.line === true };
  }

  /** Reads all of it; an error in HAProxy's words. */
  run(): ExprError | null {
    const text = this.#text;
    while (this.#at < text.length) {
      const mark = text.indexOf('%', this.#at);
      if (mark !== this.#at) {
        this.nodes.push(text.slice(this.#at, mark === -1 ? text.length : mark));
        if (mark === -1) break;
      }
      this.#at = mark + 1;
      if (text[this.#at] === '%') {
        this.nodes.push('%');
        this.#at++;
        continue;
      }
      // In front of another sign it means nothing.
      if (/[^\w ([{\t]|_/.test(text[this.#at] ?? ' ')) continue;
      const problem = this.#item();
      if (problem !== null) return problem;
    }
    return null;
  }

  /** What follows a `%`: an optional name, optional flags, then an alias or an expression. */
  #item(): ExprError | null {
    const text = this.#text;
    let flags = this.#flags;
    this.#name = '';
    this.#cast = null;
    if (text[this.#at] === '(') {
      const named = readItemName(text, this.#at);
      if (isError(named)) return named;
      this.#name = named.name;
      this.#cast = named.cast;
      this.#at = named.next;
    }
    let changes: string | null = null;
    if (text[this.#at] === '{') {
      const end = text.indexOf('}', this.#at);
      if (end === -1) return { error: `truncated line after '${text.slice(this.#at + 1)}'` };
      changes = text.slice(this.#at + 1, end);
      flags = applyFlags(flags, changes);
      this.#at = end + 1;
    }
    if (text[this.#at] === '[') return this.#expression(flags);
    const name = (changes === null ? /^[A-Za-z][A-Za-z0-9]*/ : /^[A-Za-z0-9]+/).exec(
      text.slice(this.#at, this.#at + 32),
    )?.[0];
    if (name === undefined) {
      if (changes === null) return this.#unexpected();
      return { error: `parse argument modifier without alias name near '%{${changes}}'` };
    }
    this.#at += name.length;
    if (name === 'o') {
      this.#flags = flags;
      this.defaults.push(flags);
      return null;
    }
    const row = ALIASES_BY_NAME.get(name);
    if (row === undefined) {
      const advice = "If you wanted to emit the '%' character verbatim, you need to use '%%'";
      return { error: `no such format alias '${name}'. ${advice}` };
    }
    if (row.http && this.#options.http === false) return { error: `format alias '${name}' is reserved for HTTP mode` };
    const item = { name: this.#name, cast: this.#cast, vanishes: row.vanishes === true };
    if (row.logNeed !== undefined) this.needs.add(row.logNeed);
    this.nodes.push({
      flags,
      make: (made) => ({ ...item, print: printAlias(row, made, item.cast), value: aliasValue(row, made), raw: null }),
    });
    return null;
  }

  #unexpected(): ExprError {
    const char = this.#text[this.#at];
    if (char === undefined) return { error: "truncated line after '%'" };
    return {
      error:
        `unexpected alias name near '${char}' at position ${this.#at} line : '${this.#text}'. ` +
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
        error: `sample fetch <${/^[^(,\]]*/.exec(shown)![0]}> may not be reliably used here because it needs '${needs}' which is not available here`,
      };
    }
    this.#at = next + 1;
    // Where values are encoded for headers and the like, HAProxy puts no quotes around them.
    const { line, raw } = this.#options;
    const own = line === true || raw === true ? flags : { ...flags, quote: false };
    const item = { name: this.#name, cast: this.#cast, vanishes: false };
    if (compiled.logNeed !== null) this.needs.add(compiled.logNeed);
    const encode = encoderOf(this.#options);
    this.nodes.push({
      flags: own,
      make: (made) => ({
        ...item,
        print: printExpression(compiled, made, item.cast, encode),
        value: expressionValue(compiled, made, item.cast),
        raw: item.cast === 'raw' ? rawBytes(compiled) : null,
      }),
    });
    return null;
  }
}

type Encode = (text: string) => string;

function encoderOf({ line, raw }: LogFormatOptions): Encode | null {
  if (raw === true) return null;
  return line === true ? encodeLogControls : encodeControls;
}

const FLAGS: Readonly<Record<string, keyof LogFlags>> = {
  Q: 'quote',
  X: 'hex',
  E: 'escape',
  M: 'mandatory',
  json: 'json',
  utf8: 'utf8',
  cbor: 'cbor',
  bin: 'binary',
};

/** Flags after changes such as `+Q,-X`; unknown ones, and those without a sign, mean nothing, and the first encoding stays, as in HAProxy. */
function applyFlags(flags: LogFlags, changes: string): LogFlags {
  const result = { ...flags };
  for (const change of changes.split(',')) {
    const match = /([+-])([^+-]*)$/.exec(change);
    const flag = match === null ? undefined : FLAGS[match[2]!];
    if (flag === undefined) continue;
    const on = match![1] === '+';
    const isEncoding = flag === 'json' || flag === 'cbor';
    if (!on || !isEncoding || !(result.json || result.cbor)) result[flag] = on;
  }
  return result;
}
