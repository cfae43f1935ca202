/**
 * Regular expressions from the configuration: PCRE's syntax as far as it can be matched in linear time, turned into
 * JavaScript's. Look-around, back-references and atomic groups are refused: with them V8's engine without backtracking
 * (`--enable-experimental-regexp-engine-on-excessive-backtracks`) could not take over. That engine does not know the
 * `i` flag either, so `-i` is spelled out as classes. Texts are latin1 bytes: only ASCII letters have two cases.
 */

import { steadyRegExp } from './long-texts.ts';
import { readClass } from './regex-class.ts';
import { ESCAPES, escapedClass, spell, spellRange } from './regex-classes.ts';
import { escapedChar } from './regex-escape.ts';
import { RegexProblem } from './regex-problem.ts';
import { copiesOf, OWN_COPIES, writtenOut } from './repetition.ts';
import type { ExprError } from './sample.ts';

/** Compiles a regular expression; the reason names the offset of the mistake as HAProxy does. */
export function compileRegex(source: string, ignoreCase: boolean, flags = ''): RegExp | ExprError {
  const translator = new Translator(source, ignoreCase);
  try {
    return steadyRegExp(translator.translate(), flags);
  } catch (problem) {
    if (problem instanceof RegexProblem) {
      return { error: `regex '${source}' is invalid (error=${problem.message}, erroffset=${problem.offset})` };
    }
    // V8 still refuses what is well-formed but too much, such as a repetition of 10^10.
    return { error: `regex '${source}' is invalid (error=${(problem as Error).message}, erroffset=${source.length})` };
  }
}

/** Walks over a pattern once and writes the JavaScript one. */
class Translator {
  readonly #source: string;
  #ignoreCase: boolean;
  #at = 0;
  #out = '';
  /** Each open group: case flag to go back to at its end, where it starts, copies that repetitions in it make. */
  readonly #groups: { readonly ignoreCase: boolean; readonly start: number; copies: number }[] = [];
  #repeatable = false;
  /** The item that a quantifier is about: where it starts, copies that repetitions in it make. */
  #start = 0;
  #copies = 1;

  constructor(source: string, ignoreCase: boolean) {
    this.#source = source;
    this.#ignoreCase = ignoreCase;
  }

  translate(): string {
    const source = this.#source;
    while (this.#at < source.length) this.#item(source[this.#at]!);
    if (this.#groups.length > 0) this.#fail('missing closing parenthesis', source.length);
    return this.#out;
  }

  #fail(message: string, offset = this.#at): never {
    throw new RegexProblem(message, offset);
  }

  #emit(text: string, length: number, repeatable: boolean): void {
    this.#start = this.#out.length;
    this.#copies = 1;
    this.#out += text;
    this.#at += length;
    this.#repeatable = repeatable;
  }

  #literal(code: number, length: number): void {
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    const text = this.#ignoreCase && letter ? `[${spellRange(code, code, true)}]` : spell(code);
    this.#emit(text, length, true);
  }

  #item(char: string): void {
    switch (char) {
      case '\\':
        this.#escape();
        return;
      case '[':
        this.#class();
        return;
      case '(':
        this.#open();
        return;
      case ')':
        if (this.#groups.length === 0) this.#fail('unmatched closing parenthesis');
        this.#close();
        return;
      case '|':
        this.#emit('|', 1, false);
        return;
      case '.':
        this.#emit('[^\\n]', 1, true);
        return;
      case '^':
      case '$':
        this.#emit(char === '^' ? '^' : '(?:$)', 1, true);
        return;
      case '*':
      case '+':
      case '?':
        this.#quantifier(1);
        return;
      case '{': {
        const bounds = /^\{[0-9]+(,[0-9]*)?\}/.exec(this.#source.slice(this.#at));
        if (bounds === null) this.#literal(0x7b, 1);
        else this.#quantifier(bounds[0].length);
        return;
      }
      default:
        this.#literal(char.charCodeAt(0) & 0xff, 1);
    }
  }

  #quantifier(length: number): void {
    if (!this.#repeatable) this.#fail('quantifier does not follow a repeatable item');
    let text = this.#source.slice(this.#at, this.#at + length);
    const next = this.#source[this.#at + length];
    if (next === '+') this.#fail('possessive quantifiers are not supported', this.#at + length);
    if (next === '?') text += '?';
    const bounds = /^\{(\d+)(,?)(\d*)\}/.exec(text);
    if (bounds === null) this.#simple(text);
    else this.#repeat(text, Number(bounds[1]), bounds[2] === '' ? Number(bounds[1]) : Number(bounds[3] || Infinity));
  }

  /** `*`, `+`, `?`: of an item that may be empty, the engine makes two for `+`. */
  #simple(text: string): void {
    const copies = text.startsWith('+') ? this.#copies * 2 : this.#copies;
    if (copies > OWN_COPIES && this.#copies > 1 && text.startsWith('+')) this.#fail('the repetitions are too many');
    this.#note(copies);
    this.#emit(text, text.length, false);
  }

  /** The group around has an item of which there are so many copies. */
  #note(copies: number): void {
    const group = this.#groups.at(-1);
    if (group !== undefined) group.copies = Math.max(group.copies, copies);
  }

  /** A counted repetition of the item in front of it. */
  #repeat(text: string, least: number, most: number): void {
    const copies = this.#copies * Math.max(1, copiesOf(least, most));
    if (copies <= OWN_COPIES || least > most) {
      this.#note(copies);
      this.#emit(text, text.length, false);
      return;
    }
    const item = this.#out.slice(this.#start);
    const out = writtenOut(item, least, most, text.endsWith('?'));
    if (typeof out !== 'string') this.#fail(out.error);
    this.#note(this.#copies);
    this.#out = this.#out.slice(0, this.#start);
    this.#emit(`(?:${out})`, text.length, false);
  }

  #close(): void {
    const { ignoreCase, start, copies } = this.#groups.pop()!;
    this.#ignoreCase = ignoreCase;
    this.#emit(')', 1, true);
    this.#start = start;
    this.#copies = copies;
    this.#note(copies);
  }

  #open(): void {
    const rest = this.#source.slice(this.#at);
    const flags = /^\(\?([imsx]*)(?:-([imsx]+))?([:)])/.exec(rest);
    if (flags !== null) {
      this.#openFlags(flags);
      return;
    }
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    if (comment !== null) {
      this.#at += comment[0].length;
      return;
    }
    const named = /^\(\?(?:P?<|')([A-Za-z_][A-Za-z0-9_]*)[>']/.exec(rest);
    if (/^\(\?<?[=!]/.test(rest)) this.#fail('look-around is not supported');
    if (rest.startsWith('(?>')) this.#fail('atomic groups are not supported');
    if (named === null && /^\([?*]/.test(rest)) this.#fail('unrecognized character after (? or (?-', this.#at + 2);
    this.#groups.push({ ignoreCase: this.#ignoreCase, start: this.#out.length, copies: 1 });
    this.#emit('(', named === null ? 1 : named[0].length, false);
  }

  #openFlags([text, on = '', off = '', end]: RegExpExecArray): void {
    if (/[msx]/.test(on + off)) this.#fail('the flags m, s and x are not supported', this.#at + 2);
    if (end === ':') this.#groups.push({ ignoreCase: this.#ignoreCase, start: this.#out.length, copies: 1 });
    if (on.includes('i')) this.#ignoreCase = true;
    if (off.includes('i')) this.#ignoreCase = false;
    this.#emit(end === ':' ? '(?:' : '', text.length, false);
  }

  #escape(): void {
    const next = this.#source[this.#at + 1];
    if (next === undefined) this.#fail('\\ at end of pattern', this.#source.length);
    if (/[1-9]/.test(next)) this.#fail('back-references are not supported');
    if (next === 'Q') {
      this.#quoted();
      return;
    }
    const translation = ESCAPES[next] ?? escapedClass(next);
    if (translation !== undefined) {
      this.#emit(translation, 2, true);
      return;
    }
    const { code, length } = escapedChar(this.#source, this.#at);
    this.#literal(code, length);
  }

  /** `\Q...\E`: everything in between means itself. */
  #quoted(): void {
    const end = this.#source.indexOf('\\E', this.#at + 2);
    const stop = end === -1 ? this.#source.length : end;
    this.#at += 2;
    while (this.#at < stop) this.#literal(this.#source.charCodeAt(this.#at) & 0xff, 1);
    if (end !== -1) this.#at += 2;
  }

  #class(): void {
    const { text, end } = readClass(this.#source, this.#at, this.#ignoreCase);
    this.#emit(text, end - this.#at, true);
  }
}
