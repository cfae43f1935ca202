import { headerSafe } from '../text.ts';
import { type ActionRow, Verdict } from '../types.ts';
import { compileValue } from '../value.ts';
import { FRAMING, headOf } from './headers.ts';
import { ALL_HTTP } from './kinds.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Reads texts, each behind its length, as `req.hdrs_bin` and SPOE write them. */
class TextReader {
  readonly #bytes: string;
  #at = 0;

  constructor(bytes: string) {
    this.#bytes = bytes;
  }

  /** The next text: '' at the end, null when it is cut off. */
  next(): string | null {
    const length = this.#length();
    const text = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return text.length === length ? text : null;
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

/** `add-headers-bin <expr> [prefix <str>]`, `set-headers-bin`: fields that a binary value lists, those alone that begin so; it ends with an empty name. */
function writesHeaders(how: 'add' | 'set'): ActionRow {
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
        for (let name = reader.next(); name; name = reader.next()) {
          const given = reader.next();
          if (given === null) break;
          const text = headerSafe(given);
          const lower = name.toLowerCase();
          if (!name.startsWith(prefix) || !TOKEN.test(name) || FRAMING.has(lower)) continue;
          if (how === 'set') target.removeHeader(lower);
          target.addHeader(lower, text);
        }
        return Verdict.next;
      };
    },
  };
}

/** How `-m` of `del-headers-bin` compares a name with one that is listed. */
const METHODS: Readonly<Record<string, (name: string, listed: string) => boolean>> = {
  beg: (name, listed) => name.startsWith(listed),
  end: (name, listed) => name.endsWith(listed),
  sub: (name, listed) => name.includes(listed),
};

/** `del-headers-bin <expr> [-m <method>]`: names that a binary value lists. */
const deletesHeaders: ActionRow = {
  name: 'del-headers-bin',
  kinds: ALL_HTTP,
  compile(words, env) {
    const value = compileValue(words, env, 'bin');
    if (typeof value !== 'function') return value;
    const method = words.skip('-m') ? (words.take() ?? '') : 'str';
    const matches = METHODS[method];
    if (matches === undefined && method !== 'str')
      return { error: `unknown matching method '${method}', expects 'str', 'beg', 'end' or 'sub'` };
    const head = headOf(env.kind);
    return (stream) => {
      const bytes = value(stream);
      if (typeof bytes !== 'string') return Verdict.next;
      const target = head(stream);
      const reader = new TextReader(bytes);
      for (let name = reader.next(); name; name = reader.next()) {
        const lower = name.toLowerCase();
        for (let i = 0; i < target.count; i++) {
          const field = target.headerName(i);
          if (field === '' || FRAMING.has(field)) continue;
          if (matches === undefined ? field === lower : matches(field, lower)) target.removeAt(i);
        }
      }
      return Verdict.next;
    };
  },
};

/** Actions on fields that are not known before (HAProxy manual, `add-headers-bin`, ...). */
export const binaryHeaderActions: readonly ActionRow[] = [writesHeaders('add'), writesHeaders('set'), deletesHeaders];
