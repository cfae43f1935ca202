import type { Head } from '../h1/head.ts';
import type { Stream } from '../stream.ts';
import { badField, CONNECTION_HEADERS } from './frames.ts';

/* Heads between HTTP/1, as streams have them, and HTTP/2, as servers do. */

/**
 * The fields that say where the request goes (RFC 9113, 8.3.1). As HAProxy: an authority only where the client gave one, else the
 * `host` header stays; and https where nothing is known of the scheme.
 */
export function placeFields(stream: Stream, target: string): [string, string][] {
  if (stream.isConnect) return [[':authority', target]];
  const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(target);
  if (absolute !== null) {
    const [, scheme = '', authority = '', rest = ''] = absolute;
    return [
      [':scheme', scheme.toLowerCase()],
      [':authority', authority],
      [':path', pathOf(stream, rest)],
    ];
  }
  const scheme: [string, string] = [':scheme', stream.scheme || 'https'];
  const { req } = stream;
  const host = stream.clientVersion === 20 ? req.findHeader('host', 0) : -1;
  const path: [string, string] = [':path', pathOf(stream, target)];
  return host < 0 ? [scheme, path] : [scheme, [':authority', req.headerValue(host)], path];
}

/** What a rule may have left of a path is not empty, and begins with a slash (RFC 9113, 8.3.1). */
function pathOf({ method }: Stream, rest: string): string {
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') || rest === '*' ? rest : `/${rest}`;
}

/** Value of a header in the lines of a head; '' when it has none. */
export function headerIn(lines: string, name: string): string {
  return new RegExp(`^${name}: (.*?)\r$`, 'im').exec(lines)?.[1] ?? '';
}

/** Reads the fields of a response's head into `res`. False: it is malformed (RFC 9113, 8.3.2). */
export function readResponseHead(res: Head, fields: readonly (readonly [string, string])[]): boolean {
  const [first] = fields;
  if (first === undefined || first[0] !== ':status' || !/^[1-9]\d\d$/.test(first[1])) return false;
  res.status = Number(first[1]);
  for (const [name, value] of fields.slice(1)) {
    if (badField(name, value) || CONNECTION_HEADERS.has(name)) return false;
    if (name === 'content-length') {
      const length = /^\d{1,15}$/.test(value) ? Number(value) : -1;
      if (length < 0 || (res.contentLength >= 0 && res.contentLength !== length)) return false;
      if (res.contentLength >= 0) continue;
      res.contentLength = length;
    }
    res.addHeader(name, value);
  }
  return true;
}
