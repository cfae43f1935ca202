/** The words of a line as they are written: where each stands, how it is quoted, and how one is put in its place. */

import { hasAddressVariable } from '../address-variables.ts';
import { type DocumentLine, joined } from '../document.ts';
import { tokenize } from '../tokenizer.ts';

export interface Word {
  /** Its value, environment variables left as they are. */
  readonly text: string;
  /** Where it stands in the line's `raw`, quotes included. */
  readonly start: number;
  readonly end: number;
  /** Its value depends on the environment; `list`: it may be any number of words. */
  readonly variable: '' | 'word' | 'list';
}

export interface WrittenLine {
  readonly raw: string;
  readonly words: readonly Word[];
  /** Why the words cannot be told, in HAProxy's words; null for a good line. */
  readonly error: string | null;
}

/** The words of a line with their places. */
export function writtenLine(line: Pick<DocumentLine, 'raw'>): WrittenLine {
  const { raw } = line;
  const text = joined(raw);
  const { words, starts, ends, error } = tokenize(text, (name) => `$${name}`);
  const place = text.length === raw.length ? (offset: number) => offset : placesIn(raw);
  return {
    raw,
    words: words.map((word, i) => ({
      text: word,
      start: place(starts[i]!),
      end: place(ends[i]! - 1) + 1,
      variable: hasAddressVariable(words, i) ? 'word' : variableIn(text.slice(starts[i], ends[i])),
    })),
    error: error?.text ?? null,
  };
}

/** Where a character of the joined line stands in the raw one. */
function placesIn(raw: string): (offset: number) => number {
  const places: number[] = [];
  let from = 0;
  for (const { 0: gap, index } of [...raw.matchAll(/\\\r?\n/g), { 0: '', index: raw.length }]) {
    for (let i = from; i < index; i++) places.push(i);
    from = index + gap.length;
  }
  return (offset) => places[offset] ?? raw.length;
}

function variableIn(written: string): Word['variable'] {
  let used = false;
  tokenize(written, (name) => {
    used = true;
    return name;
  });
  if (!used) return '';
  return /\$\{[^}]*\[\*\]/.test(written) ? 'list' : 'word';
}

/** The raw line with `values` in place of the words from `index` on, `count` of them; a single one keeps its quotes. */
export function withWords(line: WrittenLine, index: number, count: number, values: readonly string[]): string {
  const { raw, words } = line;
  const first = words[index]!;
  const last = words[index + count - 1]!;
  const style = count === 1 && values.length === 1 ? raw[first.start]! : '';
  return raw.slice(0, first.start) + values.map((value) => quoted(value, style)).join(' ') + raw.slice(last.end);
}

/** The raw line with `values` after word `index`, by default its last one; its comment stays where it is. */
export function withWordsAfter(line: WrittenLine, values: readonly string[], index = line.words.length - 1): string {
  const { end } = line.words[index]!;
  return line.raw.slice(0, end) + values.map((value) => ` ${quoted(value)}`).join('') + line.raw.slice(end);
}

/** The raw line without `count` words from `index` on, nor the blanks before them. `index` is at least 1. */
export function withoutWords(line: WrittenLine, index: number, count: number): string {
  return line.raw.slice(0, line.words[index - 1]!.end) + line.raw.slice(line.words[index + count - 1]!.end);
}

/** A statement of these words. */
export function statementOf(words: readonly string[]): string {
  return words.map((word) => quoted(word)).join(' ');
}

/** Whether a word can be written at all: an empty one would end the line's arguments, a line cannot be in a word. */
export function isWritable(value: string): boolean {
  return value !== '' && !/[\r\n\0]/.test(value);
}

/** A word as it is to be written: bare where that is the same, else in quotes, of the kind `style` if that can be. */
function quoted(value: string, style = ''): string {
  if (style === "'" && !value.includes("'")) return `'${value}'`;
  if (style === '"') return `"${value.replace(/[\\"$]/g, '\\$&')}"`;
  if (!/[\s'"\\#]/.test(value)) return value;
  return value.includes("'") ? `"${value.replace(/[\\"$]/g, '\\$&')}"` : `'${value}'`;
}
