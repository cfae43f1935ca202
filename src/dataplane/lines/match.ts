import type { WrittenLine } from '../../config/edit/words.ts';
import type { Fields } from './field.ts';
import type { Element, Form, Option } from './form.ts';

/** Some words of a line and the fields that they set. */
export interface Piece {
  /** What they are in the form: pieces of one key stand for each other. null: the form does not know them. */
  readonly key: string | null;
  /** Index of the element of the form. */
  readonly element: number;
  /** From the first word to behind the last one. */
  readonly from: number;
  readonly to: number;
  /** null: known, but its value cannot be read (an environment variable, perhaps). */
  readonly fields: Fields | null;
}

export interface Match {
  readonly fields: Fields;
  readonly pieces: readonly Piece[];
}

/** Reads a line by a form; null when it is not one of that form. Words that the form does not know are pieces without a key. */
export function match(form: Form, line: WrittenLine): Match | null {
  if (line.error !== null) return null;
  const reader = new Reader(line);
  for (const [index, element] of form.elements.entries()) {
    const next = form.elements.slice(index + 1);
    if (!reader.read(element, index, next)) return null;
  }
  reader.others(form.elements.length);
  return { fields: reader.fields, pieces: reader.pieces };
}

class Reader {
  readonly line: WrittenLine;
  readonly pieces: Piece[] = [];
  readonly fields: Record<string, unknown> = {};
  at = 0;

  constructor(line: WrittenLine) {
    this.line = line;
  }

  /** The word as it is written. */
  raw(index: number): string | null {
    const word = this.line.words[index];
    return word === undefined ? null : this.line.raw.slice(word.start, word.end);
  }

  read(element: Element, index: number, next: readonly Element[]): boolean {
    switch (element.kind) {
      case 'literal':
        if (this.line.words[this.at]?.text !== element.text) return false;
        this.take(`=${index}`, index, 1, {});
        return true;
      case 'word':
        return this.word(element, index, next);
      case 'options':
        this.options(element.options, index, next);
        return true;
      case 'rest':
        return this.rest(element, index, next);
      case 'condition':
        return this.condition(element.prefix, index);
    }
  }

  word({ codec, optional }: Extract<Element, { kind: 'word' }>, index: number, next: readonly Element[]): boolean {
    const raw = this.raw(this.at);
    if (raw === null || (optional && this.isBegun(next))) return optional;
    const fields = codec.read(raw);
    if (fields === undefined) return optional;
    this.take(`@${index}`, index, 1, fields);
    return true;
  }

  /** What comes next in the form begins here: a condition, a known option. */
  isBegun(next: readonly Element[]): boolean {
    const text = this.line.words[this.at]?.text ?? '';
    for (const element of next) {
      if (element.kind === 'condition') return text === 'if' || text === 'unless';
      if (element.kind === 'literal') return text === element.text;
      if (element.kind === 'options' && element.options.has(text)) return true;
      if (element.kind !== 'options') return false;
    }
    return false;
  }

  options(options: ReadonlyMap<string, Option>, index: number, next: readonly Element[]): void {
    // A form that goes on with a word of its own has its options before it only.
    const open = next.every(({ kind }) => kind === 'condition');
    while (this.at < this.line.words.length && !this.isBegun(next)) {
      const option = options.get(this.line.words[this.at]!.text) ?? this.headed(options);
      if (option !== undefined) this.option(option, index);
      else if (open) this.take(null, index, 1, null);
      else return;
    }
  }

  /** The option whose keyword, with fields in it, the word is. */
  headed(options: ReadonlyMap<string, Option>): Option | undefined {
    const raw = this.raw(this.at)!;
    for (const option of options.values()) if (option.head?.read(raw) !== undefined) return option;
    return undefined;
  }

  option({ keyword, head, values, flags, list, object, joint }: Option, index: number): void {
    const key = flags[0]?.field ?? keyword;
    const count = Math.min(values.length, this.line.words.length - this.at - 1);
    const read = values.map((codec, i) => {
      const raw = this.raw(this.at + 1 + i);
      return raw === null ? undefined : codec.read(raw);
    });
    if (read.some((fields) => fields === undefined)) return this.take(key, index, 1 + count, null);
    const own: Fields = Object.assign({}, head?.read(this.raw(this.at)!), ...read);
    if (object !== null) return this.take(key, index, 1 + count, { [object]: own });
    if (joint !== null) return this.joined(keyword, index, 1 + count, own, joint);
    const set = Object.fromEntries(flags.map(({ field, value }) => [field, value]));
    if (list === null) return this.take(key, index, 1 + count, { ...set, ...own });
    const items = (this.fields[list] ?? []) as readonly unknown[];
    const item = '' in own ? own[''] : own;
    this.take(`${keyword} ${items.length}`, index, 1 + count, { [list]: [item] }, { [list]: [...items, item] });
  }

  /** One more value of a field that has them all in one text. */
  joined(keyword: string, index: number, count: number, own: Fields, joint: string): void {
    const [[name, value]] = Object.entries(own) as [[string, string]];
    const before = this.fields[name];
    const place = this.pieces.filter(({ key }) => key?.startsWith(`${keyword} `)).length;
    const all = before === undefined ? value : `${before}${joint}${value}`;
    this.take(`${keyword} ${place}`, index, count, { [name]: value }, { [name]: all });
  }

  rest(
    { field, optional, item }: Extract<Element, { kind: 'rest' }>,
    index: number,
    next: readonly Element[],
  ): boolean {
    const from = this.at;
    while (this.at < this.line.words.length && !this.isBegun(next)) this.at++;
    const count = this.at - from;
    this.at = from;
    if (count === 0) return optional;
    if (item === null) {
      this.take(`@${index}`, index, count, { [field]: this.text(from, from + count) });
      return true;
    }
    const values = Array.from({ length: count }, (_, i) => item.read(this.raw(from + i)!));
    if (values.includes(undefined)) return false;
    this.take(`@${index}`, index, count, { [field]: values });
    return true;
  }

  condition(prefix: string, index: number): boolean {
    const cond = this.line.words[this.at]?.text;
    if (cond !== 'if' && cond !== 'unless') return true;
    const count = this.line.words.length - this.at;
    if (count < 2) return false;
    const test = this.text(this.at + 1, this.at + count);
    this.take('if', index, count, { [`${prefix}cond`]: cond, [`${prefix}cond_test`]: test });
    return true;
  }

  /** What is left at the end. */
  others(index: number): void {
    while (this.at < this.line.words.length) this.take(null, index, 1, null);
  }

  text(from: number, to: number): string {
    const { raw, words } = this.line;
    return raw.slice(words[from]!.start, words[to - 1]!.end).replace(/\\\r?\n/g, '');
  }

  take(key: string | null, element: number, count: number, fields: Fields | null, all = fields): void {
    this.pieces.push({ key, element, from: this.at, to: this.at + count, fields });
    Object.assign(this.fields, all);
    this.at += count;
  }
}
