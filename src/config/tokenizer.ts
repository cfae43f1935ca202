/**
 * Cuts a line of a configuration file into words (manual, section 2.2: quoting and escaping; 2.3: environment variables).
 * A word ends at an unquoted blank; `#` outside quotes starts a comment; variables are expanded inside double quotes only.
 */

import { escapedBytes, markByte } from './bytes.ts';

/** HAProxy's limit of words a line (MAX_LINE_ARGS). */
const MAX_WORDS = 64;

/** A line longer than this, after expansion, is refused: no real line is, and memory stays bounded. */
const MAX_LINE_LENGTH = 1 << 20;

/** What was wrong, and where in the line (from 0). */
export interface TokenError {
  readonly reason: 'quote' | 'brace' | 'variable' | 'hex' | 'expansion' | 'words' | 'length' | 'empty';
  readonly text: string;
  readonly position: number;
}

export interface Tokens {
  /** The words, without trailing empty ones. */
  readonly words: string[];
  /** Where each word starts and ends in the line, quotes included. */
  readonly starts: number[];
  readonly ends: number[];
  /** Where the comment starts (its `#`), or -1. */
  readonly comment: number;
  readonly error: TokenError | null;
}

/** Looks up an environment variable; undefined when it is not set. */
export type Environment = (name: string) => string | undefined;

const ERROR_TEXTS: Readonly<Record<Exclude<TokenError['reason'], 'words' | 'empty'>, string>> = {
  quote: 'unmatched quote',
  brace: 'unmatched brace in environment variable name',
  variable: 'forbidden first char in environment variable name',
  hex: 'truncated or invalid hexadecimal sequence',
  expansion: 'truncated or invalid word expansion sequence',
  length: 'line too long',
};

/** Words of `line` (which has no end of line). Never throws; `error` is set on the first mistake. */
export function tokenize(line: string, environment: Environment): Tokens {
  return new Tokenizer(line, environment).run();
}

class Tokenizer {
  readonly line: string;
  readonly environment: Environment;
  readonly tokens: {
    words: string[];
    starts: number[];
    ends: number[];
    comment: number;
    error: TokenError | null;
  };
  position: number;
  word: string;
  wordStart: number;
  /** Total length of the words, bounded by MAX_LINE_LENGTH. */
  length: number;
  /** The current word has bytes written as \xHH above 0x7f. */
  hasBytes: boolean;
  /** The current word came from `${NAME[*]}`: when empty it is no word at all. */
  expanded: boolean;

  constructor(line: string, environment: Environment) {
    this.line = line;
    this.environment = environment;
    this.tokens = { words: [], starts: [], ends: [], comment: -1, error: null };
    this.position = 0;
    this.word = '';
    this.wordStart = -1;
    this.length = 0;
    this.hasBytes = false;
    this.expanded = false;
  }

  run(): Tokens {
    const { line } = this;
    while (this.position < line.length && this.tokens.error === null) {
      const c = line[this.position]!;
      if (c === ' ' || c === '\t') {
        this.endWord();
        this.position++;
      } else if (c === '#') {
        this.tokens.comment = this.position;
        break;
      } else {
        this.startWord();
        if (c === "'") this.singleQuoted();
        else if (c === '"') this.doubleQuoted();
        else if (c === '\\') this.escape(false);
        else this.plain(/[ \t#'"\\]/g);
      }
    }
    if (this.tokens.error === null) this.endWord();
    if (this.tokens.error === null) this.checkEmpty();
    return this.tokens;
  }

  /** Everything up to the next character that `stop` matches. */
  plain(stop: RegExp): void {
    stop.lastIndex = this.position;
    const end = stop.exec(this.line)?.index ?? this.line.length;
    this.append(this.line.slice(this.position, end));
    this.position = end;
  }

  append(text: string): void {
    this.length += text.length;
    if (this.length > MAX_LINE_LENGTH) this.fail('length', this.position);
    else this.word += text;
  }

  startWord(): void {
    if (this.wordStart < 0) this.wordStart = this.position;
  }

  endWord(): void {
    if (this.wordStart < 0) return;
    const { words, starts, ends } = this.tokens;
    if (this.word !== '' || !this.expanded) {
      if (words.length === MAX_WORDS) {
        const last = words[MAX_WORDS - 1]!;
        const text = `too many words, truncating after word ${MAX_WORDS}, position ${ends[MAX_WORDS - 1]! + 1}: <${last}>.`;
        this.tokens.error = { reason: 'words', text, position: this.wordStart };
        return;
      }
      words.push(this.hasBytes ? escapedBytes(this.word) : this.word);
      starts.push(this.wordStart);
      ends.push(this.position);
    }
    this.word = '';
    this.wordStart = -1;
    this.hasBytes = false;
    this.expanded = false;
  }

  singleQuoted(): void {
    const end = this.line.indexOf("'", this.position + 1);
    if (end < 0) return this.fail('quote', this.position);
    this.append(this.line.slice(this.position + 1, end));
    this.position = end + 1;
  }

  doubleQuoted(): void {
    const open = this.position++;
    while (this.tokens.error === null) {
      const c = this.line[this.position];
      if (c === undefined) return this.fail('quote', open);
      if (c === '"') {
        this.position++;
        return;
      }
      if (c === '\\') this.escape(true);
      else if (c === '$') this.variable();
      else this.plain(/["\\$]/g);
    }
  }

  /** A backslash that begins no known sequence stays as it is: regular expressions are easier to write so. */
  escape(quoted: boolean): void {
    const next = this.line[this.position + 1];
    const plain = next === '$' && quoted ? '$' : next === undefined ? undefined : ESCAPES[next];
    if (plain !== undefined) {
      this.append(plain);
      this.position += 2;
    } else if (next === 'x') {
      const digits = this.line.slice(this.position + 2, this.position + 4);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) return this.fail('hex', this.position);
      const byte = Number.parseInt(digits, 16);
      this.hasBytes ||= byte > 0x7f;
      this.append(byte > 0x7f ? markByte(byte) : String.fromCharCode(byte));
      this.position += 4;
    } else {
      this.append('\\');
      this.position++;
    }
  }

  /** `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`; NAME may start with a dot (`.FILE`, `.LINE`, `.SECTION`). */
  variable(): void {
    const open = this.position;
    const rest = this.line.slice(open + 1);
    const brace = rest.startsWith('{');
    const name = /^\.?[A-Za-z_][A-Za-z0-9_]*/.exec(brace ? rest.slice(1) : rest)?.[0];
    if (name === undefined) return this.fail('variable', open + (brace ? 2 : 1));
    let at = open + 1 + (brace ? 1 : 0) + name.length;
    let expand = false;
    if (brace && this.line[at] === '[') {
      if (!this.line.startsWith('[*]', at)) return this.fail('expansion', at);
      expand = true;
      at += 3;
    }
    let fallback = '';
    if (brace) {
      const close = this.line[at] === '-' ? this.line.indexOf('}', at) : at;
      if (close < 0 || this.line[close] !== '}') return this.fail('brace', open + 1);
      if (close > at) fallback = this.line.slice(at + 1, close);
      at = close + 1;
    }
    const value = this.environment(name) ?? fallback;
    this.position = at;
    if (expand) this.appendWords(value);
    else this.append(value);
  }

  /** A value that is a list: each blank in it separates words. */
  appendWords(value: string): void {
    this.expanded = true;
    const open = this.wordStart;
    const parts = value.split(/[ \t\n\r\v\f]+/);
    for (let i = 0; i < parts.length && this.tokens.error === null; i++) {
      if (i > 0) {
        this.endWord();
        this.wordStart = open;
        this.expanded = true;
      }
      this.append(parts[i]!);
    }
  }

  /** An empty word would end the list of arguments in HAProxy, which drops what follows: refused instead. */
  checkEmpty(): void {
    const { words, starts, ends } = this.tokens;
    while (words.length > 0 && words[words.length - 1] === '') {
      words.pop();
      starts.pop();
      ends.pop();
    }
    const empty = words.indexOf('');
    if (empty < 0) return;
    const position = starts[empty]!;
    const text = `argument number ${empty} at position ${position + 1} is empty and marks the end of the argument list`;
    this.tokens.error = { reason: 'empty', text, position };
  }

  fail(reason: Exclude<TokenError['reason'], 'words' | 'empty'>, position: number): void {
    this.tokens.error ??= { reason, text: `${ERROR_TEXTS[reason]} at position ${position + 1}`, position };
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  ' ': ' ',
  '\\': '\\',
  '#': '#',
  "'": "'",
  '"': '"',
  n: '\n',
  r: '\r',
  t: '\t',
};
