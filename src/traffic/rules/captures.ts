import type { Diagnostic, WordsAt } from '../../config/types.ts';
import type { Head } from '../h1/head.ts';
import type { Stream } from '../stream.ts';

interface HeaderCapture {
  readonly name: string;
  readonly length: number;
}

/** Takes what `capture` lines ask for at its time. */
export interface Captures {
  readonly request: ((stream: Stream) => void) | null;
  readonly response: ((stream: Stream) => void) | null;
}

/** Compiles `capture request|response header <name> len <n>` and `capture cookie <name> len <n>` lines. */
export function compileCaptures(lines: readonly WordsAt[], problems: Diagnostic[]): Captures {
  const request: HeaderCapture[] = [];
  const response: HeaderCapture[] = [];
  let cookie: HeaderCapture | null = null;
  for (const { words, at } of lines) {
    const isCookie = words[0] === 'cookie';
    const [name, len, length] = isCookie ? words.slice(1) : words.slice(2);
    if (name === undefined || len !== 'len' || !(Number(length) > 0)) {
      problems.push({
        severity: 'alert',
        at,
        text: `'capture ${words[0] ?? ''}' expects 'header' <header_name> 'len' <len>.`,
      });
      continue;
    }
    const capture = { name: isCookie ? name : name.toLowerCase(), length: Number(length) };
    if (isCookie) cookie = capture;
    else (words[0] === 'request' ? request : response).push(capture);
  }
  return {
    request:
      request.length === 0 && cookie === null
        ? null
        : (stream) => {
            stream.log.requestCaptures = request.map((capture) => take(stream.req, capture));
            if (cookie !== null)
              stream.log.requestCookie = cookieOf(stream.req, 'cookie', cookie).slice(
                0,
                stream.env.global.tune.cookielen - 1,
              );
          },
    response:
      response.length === 0 && cookie === null
        ? null
        : (stream) => {
            stream.log.responseCaptures = response.map((capture) => take(stream.res, capture));
            if (cookie !== null)
              stream.log.responseCookie = cookieOf(stream.res, 'set-cookie', cookie).slice(
                0,
                stream.env.global.tune.cookielen - 1,
              );
          },
  };
}

/** Value of the last header of that name, cut to the length asked for; null when there is none. */
function take(head: Head, { name, length }: HeaderCapture): string | null {
  let last = -1;
  for (let i = head.findHeader(name, 0); i >= 0; i = head.findHeader(name, i + 1)) last = i;
  return last < 0 ? null : head.headerValue(last).slice(0, length);
}

/** The first cookie whose name begins as asked for, `name=value`; '-' when there is none. */
function cookieOf(head: Head, header: string, { name, length }: HeaderCapture): string {
  for (let i = head.findHeader(header, 0); i >= 0; i = head.findHeader(header, i + 1)) {
    const parts = header === 'cookie' ? head.headerValue(i).split(';') : [head.headerValue(i).split(';')[0]!];
    for (const part of parts) if (part.trim().startsWith(name)) return part.trim().slice(0, length);
  }
  return '-';
}
