/**
 * A configuration file as its owner wrote it: every line with its comment, blanks and order. Parse then print gives the
 * same text; an edit changes only the lines that it is about.
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
  #lines: DocumentLine[];

  constructor(name: string, lines: DocumentLine[]) {
    this.name = name;
    this.#lines = lines;
  }

  get lines(): readonly DocumentLine[] {
    return this.#lines;
  }

  /** The text, byte for byte as it was read where nothing was edited. */
  print(): string {
    return this.#lines.map((line) => line.raw + line.end).join('');
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

  /** The section of that kind and name; a kind without name finds the first of its kind. */
  section(kind: string, name = ''): DocumentSection | undefined {
    return this.sections().find((section) => section.kind === kind && (name === '' || section.name === name));
  }

  /** Indexes of the lines in a section whose words begin with `words`. */
  find(section: DocumentSection, words: readonly string[]): number[] {
    const found: number[] = [];
    for (let index = section.start + 1; index < section.end; index++) {
      const own = this.#lines[index]!.words;
      if (words.every((word, i) => own[i] === word)) found.push(index);
    }
    return found;
  }

  /** Puts `statement` on a line of its own before line `index`, indented as its neighbours are. */
  insert(index: number, statement: string): void {
    const at = Math.max(0, Math.min(index, this.#lines.length));
    this.#closeLastLine(at);
    const raw = this.#indentAround(at) + oneLine(statement);
    this.#lines.splice(at, 0, makeLine(raw, this.#endOfLine(), 0));
    this.#renumber();
  }

  /** Replaces the statement of line `index`; indentation and comment stay. */
  replace(index: number, statement: string): void {
    const line = this.#lines[index];
    if (line === undefined) throw new RangeError(`no line at index ${index}`);
    this.#lines[index] = makeLine(line.indent + oneLine(statement) + line.comment, line.end, line.number);
    this.#renumber();
  }

  /** Takes line `index` away, its comment with it. */
  remove(index: number): void {
    if (this.#lines[index] === undefined) throw new RangeError(`no line at index ${index}`);
    this.#lines.splice(index, 1);
    this.#renumber();
  }

  /**
   * Makes `statement` the only line in `section` that begins with `words`: the first such line is replaced, others go,
   * and without one it is put after the last statement of the section.
   */
  set(section: DocumentSection, words: readonly string[], statement: string): void {
    const [first, ...others] = this.find(section, words);
    if (first === undefined) this.insert(this.#lastStatement(section) + 1, statement);
    else this.replace(first, statement);
    for (const index of others.reverse()) this.remove(index);
  }

  /** Adds a section at the end of the file, after a blank line. */
  addSection(title: string, statements: readonly string[]): void {
    this.#closeLastLine(this.#lines.length);
    const end = this.#endOfLine();
    if (this.#lines.length > 0 && this.#lines[this.#lines.length - 1]!.raw.trim() !== '')
      this.#lines.push(makeLine('', end, 0));
    const indent = this.#usualIndent();
    this.#lines.push(
      makeLine(oneLine(title), end, 0),
      ...statements.map((text) => makeLine(indent + oneLine(text), end, 0)),
    );
    this.#renumber();
  }

  /** Takes a section away: its title, its statements, and the comments and blanks after them up to the next title's own comments. */
  removeSection(section: DocumentSection): void {
    let end = section.end;
    if (end < this.#lines.length)
      while (end > this.#lastStatement(section) + 1 && this.#lines[end - 1]!.raw.trimStart().startsWith('#')) end--;
    this.#lines.splice(section.start, end - section.start);
    this.#renumber();
  }

  /** Index of the last line of a section that is neither blank nor a comment. */
  #lastStatement(section: DocumentSection): number {
    let index = section.end - 1;
    while (index > section.start && this.#lines[index]!.words.length === 0) index--;
    return index;
  }

  #indentAround(index: number): string {
    const before = this.#lines[index - 1];
    if (before !== undefined && before.words.length > 0 && before.indent !== '') return before.indent;
    const after = this.#lines[index];
    if (after !== undefined && after.words.length > 0 && after.indent !== '') return after.indent;
    return this.#usualIndent();
  }

  /** The indentation that most statements have, or four blanks. */
  #usualIndent(): string {
    const counts = new Map<string, number>();
    for (const line of this.#lines) {
      if (line.words.length > 0 && line.indent !== '') counts.set(line.indent, (counts.get(line.indent) ?? 0) + 1);
    }
    let best = '    ';
    for (const [indent, count] of counts) if (count > (counts.get(best) ?? 0)) best = indent;
    return best;
  }

  #endOfLine(): string {
    return this.#lines[0]?.end === '\r\n' ? '\r\n' : '\n';
  }

  /** A last line without end of line gets one before something is put after it. */
  #closeLastLine(index: number): void {
    const last = this.#lines[index - 1];
    if (last !== undefined && last.end === '') this.#lines[index - 1] = { ...last, end: this.#endOfLine() };
  }

  #renumber(): void {
    let number = 1;
    this.#lines = this.#lines.map((line) => {
      const here = line.number === number ? line : { ...line, number };
      number += 1 + (line.raw.match(/\n/g)?.length ?? 0);
      return here;
    });
  }
}

/** A statement is one line: an end of line in it would begin another statement. */
function oneLine(statement: string): string {
  if (/[\r\n\0]/.test(statement)) throw new RangeError('a statement cannot have an end of line in it');
  return statement.trim();
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
