/** Parts of an HTTP head: header values one by one, cookies, parts of the request target. Made for reuse, so that looking allocates little. */

import type { HeadView } from './types.ts';

/** Walks over the values of the headers of one name ('' = all headers), one comma-separated value or one whole line at a time. */
export class HeaderCursor {
  /** Value that `next` has found, without the blanks around it. */
  value = '';
  /** Index of the header that it is in. */
  index = -1;
  #at = -1;

  reset(): void {
    this.index = -1;
    this.#at = -1;
  }

  /** Moves to the next comma-separated value; false at the end. */
  nextValue(head: HeadView, name: string): boolean {
    let line: string;
    if (this.#at >= 0) {
      line = head.headerValue(this.index);
    } else {
      if (!this.#nextIndex(head, name)) return false;
      line = head.headerValue(this.index);
      this.#at = 0;
    }
    const start = this.#at;
    if (start === 0 && line.indexOf(',') === -1) {
      this.value = trimBlanks(line);
      this.#at = -1;
      return true;
    }
    const end = valueEnd(line, start);
    this.value = trimBlanks(line.slice(start, end));
    this.#at = end < line.length ? end + 1 : -1;
    return true;
  }

  /** Moves to the next header of that name, whole; false at the end. */
  nextLine(head: HeadView, name: string): boolean {
    if (!this.#nextIndex(head, name)) return false;
    this.value = trimBlanks(head.headerValue(this.index));
    return true;
  }

  #nextIndex(head: HeadView, name: string): boolean {
    const next = this.index + 1;
    this.index = name === '' ? anyFrom(head, next) : head.findHeader(name, next);
    if (this.index >= 0) return true;
    this.reset();
    return false;
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Text without the spaces and tabs around it. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Offset of the comma that ends the value starting at `start`, outside quoted strings, or the end of the line. */
function valueEnd(line: string, start: number): number {
  let quoted = false;
  for (let i = start; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (quoted) {
      if (code === 0x5c) i++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) {
      quoted = true;
    } else if (code === 0x2c) {
      return i;
    }
  }
  return line.length;
}

/** Where the path begins in a request target: -1 when it has none (`*`, `host:port` of CONNECT). */
function pathStart(uri: string): number {
  if (uri.charCodeAt(0) === 0x2f) return 0;
  const scheme = schemeEnd(uri);
  if (scheme === 0) return -1;
  return uri.indexOf('/', scheme);
}

/** Offset behind `scheme://` of an absolute target, or 0 when it is not absolute. */
export function schemeEnd(uri: string): number {
  const first = uri.charCodeAt(0) | 0x20;
  if (first < 0x61 || first > 0x7a) return 0;
  const at = uri.indexOf('://');
  return at > 0 && /^[A-Za-z][A-Za-z0-9+.-]*$/.test(uri.slice(0, at)) ? at + 3 : 0;
}

/** The path of a request target without its query, or undefined. */
export function pathOf(uri: string): string | undefined {
  const start = pathStart(uri);
  if (start < 0) return undefined;
  const end = uri.indexOf('?', start);
  return start === 0 && end === -1 ? uri : uri.slice(start, end === -1 ? uri.length : end);
}

/** The path of a request target with its query, or undefined. */
export function pathAndQueryOf(uri: string): string | undefined {
  const start = pathStart(uri);
  return start < 0 ? undefined : uri.slice(start);
}

/** First value of the Host header, or undefined. */
export function hostOf(head: HeadView): string | undefined {
  const index = head.findHeader('host', 0);
  return index < 0 ? undefined : trimBlanks(head.headerValue(index));
}

/** Index of the first header at or after `from` that has not been removed, -1 when there is none. */
function anyFrom(head: HeadView, from: number): number {
  for (let i = from; i < head.headerCount(); i++) if (head.headerName(i) !== '') return i;
  return -1;
}
