const LF = 10;
const SPACE = 32;
/** Digits of a length: no buffer is larger. */
const MAX_DIGITS = 9;

/** Messages as a stream brings them, or that it is none of syslog. */
export interface Frames {
  readonly messages: readonly string[];
  /** It cannot be read on. */
  readonly bad: boolean;
}

/**
 * Cuts a stream into messages (RFC 6587): each begins with its length, or with `<` and ends at a line end. Keeps at most one unfinished
 * message, of up to `longest` bytes.
 */
export class SyslogFrames {
  readonly #longest: number;
  /** Messages end at line ends, whatever they begin with (`option assume-rfc6587-ntf`). */
  readonly #linesOnly: boolean;
  #held: Buffer = Buffer.alloc(0);

  constructor(longest: number, linesOnly: boolean) {
    this.#longest = longest;
    this.#linesOnly = linesOnly;
  }

  /** Takes what has come; the messages that are whole now. */
  take(bytes: Buffer): Frames {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const messages: string[] = [];
    let at = 0;
    while (at < all.length) {
      const read = this.#linesOnly || all[at] === 0x3c ? this.#line(all, at) : this.#counted(all, at);
      if (read === 'bad') return { messages, bad: true };
      if (read === 'more') break;
      messages.push(withoutEnd(all.latin1Slice(read.start, read.end)));
      at = read.next;
    }
    this.#held = Buffer.from(all.subarray(at));
    return { messages, bad: false };
  }

  #line(all: Buffer, start: number): { start: number; end: number; next: number } | 'more' | 'bad' {
    const end = all.indexOf(LF, start);
    if (end < 0) return all.length - start > this.#longest ? 'bad' : 'more';
    return end - start > this.#longest ? 'bad' : { start, end, next: end + 1 };
  }

  #counted(all: Buffer, at: number): { start: number; end: number; next: number } | 'more' | 'bad' {
    let length = 0;
    let pos = at;
    while (pos < all.length && all[pos] !== SPACE) {
      const digit = all[pos]! - 0x30;
      if (digit < 0 || digit > 9 || (pos === at && digit === 0) || pos - at >= MAX_DIGITS) return 'bad';
      length = length * 10 + digit;
      pos++;
    }
    if (length > this.#longest || pos === at) return 'bad';
    const start = pos + 1;
    const end = start + length;
    return pos >= all.length || all.length < end ? 'more' : { start, end, next: end };
  }
}

/** A message without the line end that some senders put behind it. */
export function withoutEnd(text: string): string {
  return text.replace(/\r?\n?$/, '');
}
