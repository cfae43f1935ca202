/** Cookies of Cookie and Set-Cookie headers (RFC 6265). */

import { HeaderCursor } from './head.ts';
import type { HeadView } from './types.ts';

/** Walks over the cookies of a message; in Set-Cookie only the first pair of a header is one. */
export class CookieCursor {
  value = '';
  name = '';
  readonly #header: 'cookie' | 'set-cookie';
  readonly #lines = new HeaderCursor();
  #line = '';
  #at = -1;

  constructor(header: 'cookie' | 'set-cookie') {
    this.#header = header;
  }

  reset(): void {
    this.#lines.reset();
    this.#at = -1;
  }

  /** Moves to the next cookie called `name` ('' = any); false at the end. */
  next(head: HeadView, name: string): boolean {
    for (;;) {
      if (this.#at < 0) {
        if (!this.#lines.nextLine(head, this.#header)) return false;
        this.#line = this.#lines.value;
        this.#at = 0;
      }
      while (this.#at >= 0) {
        if (this.#pair() && (name === '' || this.name === name)) return true;
      }
    }
  }

  /** Reads the pair at the cursor, whose name may be empty; false when it is none. */
  #pair(): boolean {
    const line = this.#line;
    const start = this.#at;
    const end = pairEnd(line, start);
    this.#at = end < line.length && this.#header === 'cookie' ? end + 1 : -1;
    const equals = line.indexOf('=', start);
    if (equals === -1 || equals >= end) return false;
    this.name = line.slice(start, equals).trim();
    this.value = line.slice(equals + 1, end).trim();
    return true;
  }
}

/** Where a pair ends: at `;` or `,` outside quotes, or at the end of the line. */
function pairEnd(line: string, start: number): number {
  let quoted = false;
  for (let i = start; i < line.length; i++) {
    const char = line[i]!;
    if (char === '"') quoted = !quoted;
    else if (!quoted && (char === ';' || char === ',')) return i;
  }
  return line.length;
}
