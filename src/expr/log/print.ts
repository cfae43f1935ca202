/** How the pieces of a log-format are printed, and put together into one function. */

import type { Compiled } from '../compile.ts';
import { castBetween, textOf } from '../sample.ts';
import type { ExprContext } from '../types.ts';
import type { AliasRow, LogFlags } from './alias-rows.ts';
import { castSample, type Encoding, encodeAlone, type ItemCast, type LogValue } from './encode.ts';
import { escapeStructured } from './escape.ts';

export type Print = (ctx: ExprContext) => string;

/** Text between items, or an item. */
export type Piece = string | Item;

/** An alias or an expression in a log-format. */
export interface Item {
  /** Name for `+json` and `+cbor`; '' = none. */
  readonly name: string;
  readonly cast: ItemCast;
  /** When it is empty, the blank before it or behind it goes with it. */
  readonly vanishes: boolean;
  readonly print: Print;
  /** Its value, where lines are encoded. */
  value(ctx: ExprContext): LogValue;
  /** Its bytes, which are then put in as they are. */
  readonly raw: Print | null;
}

/** How values are encoded; null: they are not. */
function encodingOf({ json, utf8, cbor, binary }: LogFlags): Encoding | null {
  if (json) return utf8 ? 'json-utf8' : 'json';
  return cbor ? (binary ? 'cbor-binary' : 'cbor') : null;
}

/** Text as the flags want it. */
function dress(text: string, flags: LogFlags): string {
  const body = flags.escape ? escapeStructured(text) : text;
  if (flags.quote) return `"${body}"`;
  return body === '' && flags.mandatory ? '-' : body;
}

/** Prints an alias with its flags. */
export function printAlias(row: AliasRow, flags: LogFlags, cast: ItemCast): Print {
  const encoding = encodingOf(flags);
  if (encoding !== null) {
    const value = aliasValue(row, flags);
    const write = encodeAlone(encoding);
    return (ctx) => write(value(ctx), cast);
  }
  const { read } = row;
  switch (row.kind) {
    case 'number':
    case 'raw':
    case 'list':
      return (ctx) => read(ctx, flags);
    case 'port':
      return (ctx) => read(ctx, flags) || dress('', flags);
    case 'part': {
      const asIs = { ...flags, mandatory: false };
      return (ctx) => dress(read(ctx, flags), asIs);
    }
    case 'address':
    case 'text':
      // An address in hex digits is not quoted.
      if (row.kind === 'address' && flags.hex) return (ctx) => read(ctx, flags) || dress('', flags);
      if (!flags.quote && !flags.escape && !flags.mandatory) return (ctx) => read(ctx, flags);
      return (ctx) => dress(read(ctx, flags), flags);
  }
}

/** Value of an alias where lines are encoded: numbers as such, captures one by one. */
export function aliasValue({ read, list, kind, encoded }: AliasRow, flags: LogFlags): (ctx: ExprContext) => LogValue {
  if (list !== undefined) return list;
  const bare = { ...flags, quote: false, escape: false, mandatory: false };
  switch (kind) {
    case 'number':
      return (ctx) => (flags.hex ? read(ctx, bare) : Number(read(ctx, bare)));
    case 'port':
    case 'text':
      return (ctx) => {
        const text = read(ctx, bare);
        if (text === '') return null;
        if (encoded) return { pieces: text, list: false };
        return kind === 'text' || flags.hex ? text : Number(text);
      };
    case 'list':
      return (ctx) => {
        const text = read(ctx, bare);
        return text === '' ? undefined : { pieces: text, list: true };
      };
    case 'part':
      return (ctx) => ({ pieces: read(ctx, bare), list: false });
    default:
      return (ctx) => read(ctx, bare);
  }
}

/** Prints an expression's value, with what `encode` makes safe. */
export function printExpression(
  compiled: Compiled,
  flags: LogFlags,
  cast: ItemCast,
  encode: ((text: string) => string) | null,
): Print {
  const encoding = encodingOf(flags);
  if (encoding !== null) {
    const raw = cast === 'raw' ? rawBytes(compiled) : null;
    if (raw !== null) return raw;
    const value = expressionValue(compiled, flags, cast);
    const write = encodeAlone(encoding);
    return (ctx) => write(value(ctx), cast);
  }
  const { evaluate } = compiled;
  const bare = !flags.quote && !flags.escape && !flags.mandatory;
  const keepsBytes = flags.binary && cast !== 'str';
  return (ctx) => {
    const value = evaluate(ctx);
    const type = value === undefined ? 'str' : compiled.typeOf(value);
    if (keepsBytes && type === 'bin') return value as string;
    let text = value === undefined ? '' : textOf(value, type);
    if (encode !== null) text = encode(text);
    return bare ? text : dress(text, flags);
  };
}

/** The bytes of an expression's value. */
export function rawBytes(compiled: Compiled): Print {
  return (ctx) => {
    const value = compiled.evaluate(ctx);
    if (value === undefined) return '';
    const cast = castBetween(compiled.typeOf(value), 'bin');
    return String((cast ? cast(value) : value) ?? '');
  };
}

/** Value of an expression where lines are encoded: integers and booleans as such, in CBOR also bytes, all else as text. */
export function expressionValue(
  compiled: Compiled,
  { cbor, binary }: LogFlags,
  cast: ItemCast,
): (ctx: ExprContext) => LogValue {
  const { evaluate } = compiled;
  const bytes = (cbor || binary) && cast === null;
  return (ctx) => {
    const value = evaluate(ctx);
    if (typeof value !== 'string') return castSample(value, cast) ?? null;
    const type = compiled.typeOf(value);
    if (bytes && type === 'bin') return { bytes: value };
    return castSample(textOf(value, type), cast) ?? null;
  };
}

/** Puts neighbouring texts together; in lines, runs of blanks become one. */
export function mergeTexts(pieces: readonly Piece[], mergeBlanks: boolean): Piece[] {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (typeof piece !== 'string') merged.push(piece);
    else if (typeof last === 'string') merged[merged.length - 1] = last + piece;
    else merged.push(piece);
  }
  return mergeBlanks
    ? merged.map((piece) => (typeof piece === 'string' ? piece.replace(/ {2,}/g, ' ') : piece))
    : merged;
}

/** One function for all pieces. */
export function textOfPieces(pieces: readonly Piece[]): Print {
  return (ctx) => {
    let text = '';
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i]!;
      text += typeof piece === 'string' ? piece : piece.print(ctx);
    }
    return text;
  };
}

/** As `textOfPieces`, but a blank at the start is left out, and one behind another that something which vanishes stood between. */
export function lineOfPieces(pieces: readonly Piece[]): Print {
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
      const text = piece.print(ctx);
      line += text;
      afterNothing = text === '' && (piece.vanishes || line === '');
    }
    return line;
  };
}
