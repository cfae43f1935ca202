import type { Diagnostic, Location, ProxyConfig } from '../../config/types.ts';
import { cookieLike, setCookieLike } from '../cookies.ts';
import type { Head } from '../h1/head.ts';
import type { Stream } from '../stream.ts';

/** A place among the captures: of a header, or without a name for what rules put there. */
export interface CaptureSlot {
  readonly name: string | null;
  readonly length: number;
  /** The line that asks for it. */
  readonly at: Location;
}

/** The places of a frontend, in the order of the log. */
export interface CaptureSlots {
  readonly request: CaptureSlot[];
  readonly response: CaptureSlot[];
}

type Capture = ((stream: Stream) => void) | null;

/** Takes what `capture` lines ask for, each at its time: headers of a request or response as it came, cookies behind the rules. */
export interface Captures {
  readonly request: Capture;
  readonly response: Capture;
  readonly requestCookie: Capture;
  readonly responseCookie: Capture;
}

/**
 * Reads `capture request|response header <name> len <n>` and `declare capture request|response len <n>` lines, and rules that capture with
 * a length, in file order.
 */
export function captureSlots(config: ProxyConfig, problems: Diagnostic[]): CaptureSlots {
  const slots: CaptureSlots = { request: [], response: [] };
  const lines = [
    ...config.captures
      .filter(({ words }) => words[0] !== 'cookie')
      .map(({ words, at }) => ({ at, side: words[0], name: words[2], len: words[3], length: words[4] })),
    ...config.declares.map(({ words, at }) => ({ at, side: words[1], name: null, len: words[2], length: words[3] })),
    ...capturingRules(config),
  ].sort((a, b) => (a.at.file === b.at.file ? a.at.line - b.at.line : 0));
  for (const { at, side, name, len, length } of lines) {
    if (name === undefined || len !== 'len' || !(Number(length) > 0)) {
      problems.push({
        severity: 'alert',
        at,
        text: `'capture ${side ?? ''}' expects 'header' <header_name> 'len' <len>.`,
      });
      continue;
    }
    slots[side === 'request' ? 'request' : 'response'].push({
      name: name?.toLowerCase() ?? null,
      length: Number(length),
      at,
    });
  }
  return slots;
}

/** Rules `capture <sample> len <n>` that have a place of their own; what is wrong with them, their compiling tells. */
function capturingRules({ rules }: ProxyConfig) {
  const lines = [
    ...rules['http-request'].map(({ words, at }) => ({ words, at })),
    ...rules['tcp-request'].flatMap(({ words, at }) => (words[0] === 'content' ? [{ words: words.slice(1), at }] : [])),
  ];
  return lines.flatMap(({ words, at }) => {
    const how = words.findIndex((word) => word === 'len' || word === 'id');
    const length = words[how + 1];
    if (words[0] !== 'capture' || words[how] !== 'len' || !(Number(length) > 0)) return [];
    return [{ at, side: 'request', name: null, len: 'len', length }];
  });
}

/** What takes headers and the cookie of `capture cookie <name> len <n>`; null when there is nothing to take. */
export function compileCaptures(config: ProxyConfig, { request, response }: CaptureSlots): Captures | null {
  const line = config.captures.findLast(({ words }) => words[0] === 'cookie')?.words;
  const cookie = line === undefined ? null : { name: line[1]!, length: Number(line[3]) };
  if (cookie === null && request.length + response.length === 0) return null;
  return {
    request:
      request.length === 0
        ? null
        : ({ req, log }) => {
            log.requestCaptures = request.map((slot, i) => take(req, slot) ?? log.requestCaptures[i] ?? null);
          },
    response:
      response.length === 0
        ? null
        : ({ res, log }) => {
            log.responseCaptures = response.map((slot, i) => take(res, slot) ?? log.responseCaptures[i] ?? null);
          },
    requestCookie:
      cookie === null
        ? null
        : ({ req, log, env }) => {
            log.requestCookie = cookieOf(req, 'cookie', cookie).slice(0, env.global.tune.cookielen);
          },
    responseCookie:
      cookie === null
        ? null
        : ({ res, log, env }) => {
            log.responseCookie = cookieOf(res, 'set-cookie', cookie).slice(0, env.global.tune.cookielen);
          },
  };
}

/** Value of the last header of that name, cut to the length asked for; null when there is none. */
function take(head: Head, { name, length }: CaptureSlot): string | null {
  if (name === null) return null;
  let last = -1;
  for (let i = head.findHeader(name, 0); i >= 0; i = head.findHeader(name, i + 1)) last = i;
  return last < 0 ? null : head.headerValue(last).slice(0, length);
}

/** The first cookie that begins as asked for, `name=value`; '' when there is none. */
function cookieOf(
  head: Head,
  header: 'cookie' | 'set-cookie',
  { name, length }: { readonly name: string; readonly length: number },
): string {
  const find = header === 'cookie' ? cookieLike : setCookieLike;
  for (let i = head.findHeader(header, 0); i >= 0; i = head.findHeader(header, i + 1)) {
    const found = find(head.headerValue(i), name);
    if (found !== null) return found.slice(0, length);
  }
  return '';
}
