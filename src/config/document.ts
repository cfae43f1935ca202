/**
 * A configuration file as its owner wrote it: every line with its comment, blanks and order. Parse then print gives the
 * same text. A document never changes; `edit/` makes edited copies.
 */

import { sectionNames } from './section.ts';
import { tokenize } from './tokenizer.ts';

/** One logical line: usually one line of the file, several when lines end with a backslash. */
export interface DocumentLine {
  /** The text without the last end of line; continued lines keep theirs inside. */
  readonly raw: string;
  /** `\n`, `\r\n`, or empty on a last line that has none. */
  readonly end: string;
  /** Number of its first line in the file, from 1. */
  readonly number: number;
  /** Leading blanks. */
  readonly indent: string;
  /** The words, environment variables left as they are; empty for blank and comment lines. */
  readonly words: readonly string[];
  /** The comment with its `#` and the blanks before it, or empty. */
  readonly comment: string;
}

/** A section: its title line and the lines after it, as indexes into the document. */
export interface DocumentSection {
  readonly kind: string;
  readonly name: string;
  /** Index of the title line. */
  readonly start: number;
  /** Index after the last line: that of the next title, or of the end. */
  readonly end: number;
}

export class Document {
  readonly name: string;
  /** The same for documents whose sections and conditional blocks are at the same lines: what is derived from these is kept by it. */
  readonly shape: object;
  readonly #lines: readonly DocumentLine[];
  #text: string | null = null;

  constructor(name: string, lines: readonly DocumentLine[], shape: object = {}) {
    this.name = name;
    this.shape = shape;
    this.#lines = lines;
  }

  get lines(): readonly DocumentLine[] {
    return this.#lines;
  }

  /** The text, byte for byte as it was read where nothing was edited. */
  print(): string {
    this.#text ??= this.#lines.map((line) => line.raw + line.end).join('');
    return this.#text;
  }

  sections(): DocumentSection[] {
    const kinds = new Set(sectionNames());
    const starts = this.#lines.flatMap((line, index) => (kinds.has(line.words[0] ?? '') ? [index] : []));
    return starts.map((start, i) => {
      const [kind, name] = this.#lines[start]!.words;
      return {
        kind: kind!,
        name: name === 'from' && kind === 'defaults' ? '' : (name ?? ''),
        start,
        end: starts[i + 1] ?? this.#lines.length,
      };
    });
  }

  /**
   * A copy in which `remove` lines from index `at` on are replaced by lines with these texts (indentation and comment
   * included, no end of line). All other lines keep their text, and the file ends with an end of line if it did before.
   */
  spliced(at: number, remove: number, raws: readonly string[]): Document {
    const end = this.#lines[at]?.end || this.#lines[at - 1]?.end || this.#lines[0]?.end || '\n';
    const closed = this.#lines.length === 0 || this.#lines[this.#lines.length - 1]!.end !== '';
    const lines = this.#lines.toSpliced(at, remove, ...raws.map((raw) => makeLine(oneLine(raw), end, 0)));
    const last = lines.length - 1;
    for (let i = Math.max(0, Math.min(at - 1, last)); i <= last; i++) {
      const before = lines[i - 1];
      const number = before === undefined ? 1 : before.number + 1 + (before.raw.match(/\n/g)?.length ?? 0);
      const own = lines[i]!;
      const ending = i === last && !closed ? '' : own.end || end;
      if (own.number !== number || own.end !== ending) lines[i] = { ...own, number, end: ending };
      // From here on nothing has moved.
      else if (i >= at + raws.length && i < last && closed) break;
    }
    // Nothing on a last line without end of line is no line.
    if (!closed && lines.at(-1)?.raw === '') lines.pop();
    const own = [...this.#lines.slice(at, at + remove), ...lines.slice(at, at + raws.length)];
    const isSameShape = remove === raws.length && own.every(isShapeless);
    return new Document(this.name, lines, isSameShape ? this.shape : {});
  }
}

/** Neither begins a section or a block nor ends one, and is one line of the file. */
function isShapeless({ raw, words }: DocumentLine): boolean {
  const [first = ''] = words;
  return !first.startsWith('.') && !raw.includes('\n') && !sectionNames().includes(first);
}

/** What is put in is one line: an end of line in it, but for a continued one, would begin another statement. */
function oneLine(raw: string): string {
  if (joined(raw).includes('\n')) throw new RangeError('a statement cannot have an end of line in it');
  return raw;
}

const literally = (name: string) => `$${name}`;

function makeLine(raw: string, end: string, number: number): DocumentLine {
  const text = joined(raw);
  const { words, ends, comment } = tokenize(text, literally);
  const indent = /^[ \t]*/.exec(raw)![0];
  if (comment < 0) return { raw, end, number, indent: words.length === 0 ? '' : indent, words, comment: '' };
  const after = words.length === 0 ? 0 : ends[words.length - 1]!;
  return { raw, end, number, indent: words.length === 0 ? '' : indent, words, comment: text.slice(after) };
}

/** The logical line: a backslash at the end of a line and the end of line after it are nothing. */
export function joined(raw: string): string {
  return raw.replace(/\\\r?\n/g, '');
}

/** Cuts a text into logical lines. */
export function parseDocument(name: string, text: string): Document {
  const lines: DocumentLine[] = [];
  let number = 1;
  for (let start = 0; start < text.length; ) {
    let at = start;
    let count = 0;
    let newline: number;
    do {
      newline = text.indexOf('\n', at);
      at = newline + 1;
      count++;
    } while (newline >= 0 && continues(text, start, newline));
    const stop = newline < 0 ? text.length : newline;
    const end = newline < 0 ? '' : text[stop - 1] === '\r' && stop > start ? '\r\n' : '\n';
    const raw = text.slice(start, newline < 0 ? stop : stop + 1 - end.length);
    lines.push(makeLine(raw, end, number));
    number += count;
    start = newline < 0 ? text.length : newline + 1;
  }
  return new Document(name, lines);
}

/** Whether the line that ends at `newline` goes on after it: an odd number of backslashes, and no comment in it. */
function continues(text: string, start: number, newline: number): boolean {
  let end = newline;
  if (text[end - 1] === '\r') end--;
  let slashes = 0;
  while (text[end - 1 - slashes] === '\\') slashes++;
  if (slashes % 2 === 0 || newline === text.length - 1) return false;
  const before = joined(text.slice(start, end - 1));
  const { comment, error } = tokenize(before, literally);
  return comment < 0 && (error === null || error.reason === 'quote');
}
