/** How the pieces of a log-format are printed, and put together into one function. */

import type { Compiled } from '../compile.ts';
import { textOf } from '../sample.ts';
import type { ExprContext, SampleValue } from '../types.ts';
import type { AliasRow, LogFlags } from './aliases.ts';
import { type ItemCast, jsonString } from './encode.ts';
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
  value(ctx: ExprContext): SampleValue | undefined;
}

/** Text as the flags want it. */
function dress(text: string, flags: LogFlags): string {
  if (flags.json) return jsonString(text);
  const body = flags.escape ? escapeStructured(text) : text;
  if (flags.quote) return `"${body}"`;
  return body === '' && flags.mandatory ? '-' : body;
}

/** Prints an alias with its flags. */
export function printAlias(row: AliasRow, flags: LogFlags): Print {
  const { read } = row;
  switch (row.kind) {
    case 'number':
    case 'raw':
      return (ctx) => read(ctx, flags);
    case 'port':
      return (ctx) => read(ctx, flags) || dress('', flags);
    case 'part': {
      const asIs = { ...flags, mandatory: false };
      return (ctx) => dress(read(ctx, flags), asIs);
    }
    default:
      if (!flags.quote && !flags.escape && !flags.mandatory && !flags.json) return (ctx) => read(ctx, flags);
      return (ctx) => dress(read(ctx, flags), flags);
  }
}

/** Value of an alias where lines are encoded: numbers as such, nothing for what is absent. */
export function aliasValue({ read, kind }: AliasRow, flags: LogFlags): (ctx: ExprContext) => SampleValue | undefined {
  const numeric = kind === 'number' || kind === 'port';
  return (ctx) => {
    const text = read(ctx, flags);
    if (text === '') return undefined;
    return numeric && !flags.hex ? Number(text) : text;
  };
}

/** Prints an expression's value, with what `encode` makes safe. */
export function printExpression(compiled: Compiled, flags: LogFlags, encode: ((text: string) => string) | null): Print {
  const { evaluate } = compiled;
  const bare = !flags.quote && !flags.escape && !flags.mandatory && !flags.json;
  return (ctx) => {
    const value = evaluate(ctx);
    let text = value === undefined ? '' : textOf(value, compiled.typeOf(value));
    if (encode !== null) text = encode(text);
    return bare ? text : dress(text, flags);
  };
}

/** Value of an expression where lines are encoded: integers and booleans as such, all else as text. */
export function expressionValue(compiled: Compiled): (ctx: ExprContext) => SampleValue | undefined {
  const { evaluate } = compiled;
  return (ctx) => {
    const value = evaluate(ctx);
    return typeof value === 'string' ? textOf(value, compiled.typeOf(value)) : value;
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
