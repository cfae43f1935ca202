import { headerSafe } from '../text.ts';
import { type ActionRow, Verdict } from '../types.ts';
import { compileValue } from '../value.ts';
import { headOf } from './headers.ts';
import { ALL_HTTP } from './kinds.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Reads texts, each behind its length, as `req.hdrs_bin` and SPOE write them; null where one is cut off. */
class TextReader {
  readonly #bytes: string;
  #at = 0;

  constructor(bytes: string) {
    this.#bytes = bytes;
  }

  /** The next text, '' at the end. */
  next(): string {
    const length = this.#length();
    const text = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return text.length === length ? text : '';
  }

  /** A length: below 240 one byte, above 4 bits of it and 7 more in each byte that follows. */
  #length(): number {
    const first = this.#bytes.charCodeAt(this.#at++);
    if (Number.isNaN(first)) return 0;
    if (first < 240) return first;
    let value = first;
    for (let shift = 4; shift < 46; shift += 7) {
      const byte = this.#bytes.charCodeAt(this.#at++);
      if (Number.isNaN(byte)) return 0;
      value += byte * 2 ** shift;
      if (byte < 128) return value;
    }
    return 0;
  }
}

/** `<name>-headers-bin <expr> [prefix <str>]`: fields, or names of fields, that a binary value lists; it ends with an empty name. */
function binaryAction(how: 'add' | 'set' | 'del'): ActionRow {
  return {
    name: `${how}-headers-bin`,
    kinds: ALL_HTTP,
    compile(words, env) {
      const value = compileValue(words, env, 'bin');
      if (typeof value !== 'function') return value;
      const prefix = words.skip('prefix') ? words.take() : '';
      if (prefix === undefined) return { error: "'prefix' expects <str> as argument" };
      const head = headOf(env.kind);
      return (stream) => {
        const bytes = value(stream);
        if (typeof bytes !== 'string') return Verdict.next;
        const target = head(stream);
        const reader = new TextReader(bytes);
        for (let name = reader.next(); name !== ''; name = reader.next()) {
          const full = (prefix + name).toLowerCase();
          const text = how === 'del' ? '' : headerSafe(reader.next());
          if (!TOKEN.test(full)) continue;
          if (how !== 'add') target.removeHeader(full);
          if (how !== 'del') target.addHeader(full, text);
        }
        return Verdict.next;
      };
    },
  };
}

/** Actions on fields that are not known before (HAProxy manual, `add-headers-bin`, ...). */
export const binaryHeaderActions: readonly ActionRow[] = [
  binaryAction('add'),
  binaryAction('set'),
  binaryAction('del'),
];
