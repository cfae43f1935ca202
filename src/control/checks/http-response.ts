import type { HeadView } from '../../expr/types.ts';

/** The answer to an HTTP check, as far as it came. */
export interface HttpResponse {
  readonly head: HeadView;
  readonly body: string;
  /** All of the body is there. */
  readonly complete: boolean;
}

/** A response head of plain strings. */
export class ResponseHead implements HeadView {
  readonly method = '';
  readonly uri = '';
  readonly status: number;
  readonly reason: string;
  readonly version: number;
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  constructor(status: number, reason: string, version: number, names: readonly string[], values: readonly string[]) {
    this.status = status;
    this.reason = reason;
    this.version = version;
    this.#names = names;
    this.#values = values;
  }

  headerCount(): number {
    return this.#names.length;
  }

  headerName(index: number): string {
    return this.#names[index]!;
  }

  headerValue(index: number): string {
    return this.#values[index]!;
  }

  findHeader(name: string, from: number): number {
    return this.#names.indexOf(name, from);
  }
}

/** Reads a response of latin1 bytes: null while its head is not complete, 'invalid' when it is none (RFC 9112). */
export function parseResponse(text: string, ended: boolean, toHead: boolean): HttpResponse | 'invalid' | null {
  const status = /^HTTP\/1\.(\d) (\d{3})(?: ([^\r\n]*))?\r?\n/.exec(text);
  if (!status) return couldBecomeStatusLine(text) ? null : 'invalid';
  const names: string[] = [];
  const values: string[] = [];
  let at = status[0].length;
  for (;;) {
    const end = text.indexOf('\n', at);
    if (end < 0) return null;
    const line = text.slice(at, text[end - 1] === '\r' ? end - 1 : end);
    at = end + 1;
    if (line === '') break;
    const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (!header) return 'invalid';
    names.push(header[1]!.toLowerCase());
    values.push(header[2]!);
  }
  const code = Number(status[2]);
  const head = new ResponseHead(code, status[3] ?? '', 10 + Number(status[1]), names, values);
  const rest = text.slice(at);
  if (toHead || code < 200 || code === 204 || code === 304) return { head, body: '', complete: true };
  if (head.findHeader('transfer-encoding', 0) >= 0) return { head, ...dechunk(rest, ended) };
  const length = head.findHeader('content-length', 0);
  if (length < 0) return { head, body: rest, complete: ended };
  const size = Number(head.headerValue(length));
  if (!Number.isSafeInteger(size) || size < 0) return 'invalid';
  return { head, body: rest.slice(0, size), complete: rest.length >= size || ended };
}

/** The bytes so far are the beginning of a status line. */
function couldBecomeStatusLine(text: string): boolean {
  if (text.includes('\n')) return false;
  return 'HTTP/1.'.startsWith(text.slice(0, 7)) && text.length < 1024;
}

function dechunk(text: string, ended: boolean): { body: string; complete: boolean } {
  let body = '';
  let at = 0;
  for (;;) {
    const line = /^([0-9a-fA-F]{1,8})[^\r\n]*\r?\n/.exec(text.slice(at, at + 256));
    if (!line) return { body, complete: ended };
    const size = Number.parseInt(line[1]!, 16);
    at += line[0].length;
    if (size === 0) return { body, complete: true };
    body += text.slice(at, at + size);
    if (text.length < at + size) return { body, complete: ended };
    at += size;
    at += text.startsWith('\r\n', at) ? 2 : 1;
  }
}
