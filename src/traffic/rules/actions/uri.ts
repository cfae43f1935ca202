import { fullUri } from '../../../expr/full-uri.ts';
import { compileRegex } from '../../../expr/regex.ts';
import type { ExprError } from '../../../expr/sample.ts';
import { C } from '../../../model/counters.ts';
import { countFront } from '../../counting.ts';
import type { Head } from '../../h1/head.ts';
import { replyError } from '../../http/ending.ts';
import { setCause } from '../../log.ts';
import type { Stream } from '../../stream.ts';
import { NORMALIZERS } from '../normalize-uri.ts';
import { compileText, headerSafe, type TextOf } from '../text.ts';
import { type ActionRow, type Run, Verdict, type Words } from '../types.ts';
import { replaceOnce } from './headers.ts';

/** Offsets of the parts of a request target: [path, query mark or end, end]. */
function pathBounds(uri: string): { readonly start: number; readonly query: number } {
  const scheme = uri.indexOf('://');
  let start = 0;
  if (scheme > 0 && !uri.startsWith('/')) {
    start = scheme + 3;
    while (start < uri.length && !'/?#'.includes(uri[start]!)) start++;
  }
  const mark = uri.indexOf('?', start);
  return { start, query: mark < 0 ? uri.length : mark };
}

/** A target may not hold blanks or controls: it would become another request. */
function targetSafe(text: string): string {
  return headerSafe(text).replace(
    /[\x00-\x20\x7f]/g,
    (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'),
  );
}

function setPath(head: Head, path: string, stream: Stream): void {
  const { uri } = head;
  leaveOrigin(uri, path, stream);
  const { start, query } = pathBounds(uri);
  head.uri = inFrontOf(path, uri, start) + targetSafe(path) + uri.slice(query);
}

function setPathQuery(head: Head, text: string, stream: Stream): void {
  const { uri } = head;
  leaveOrigin(uri, text, stream);
  head.uri = inFrontOf(text, uri, pathBounds(uri).start) + targetSafe(text);
}

/** A path in the place of `*` is all of the target, as in HAProxy. */
function leaveOrigin(uri: string, path: string, stream: Stream): void {
  if (uri.startsWith('*') && path.startsWith('/')) stream.origin = '';
}

/** What a path stands behind. Where there was none, one that begins with anything else than a slash would become part of the host. */
function inFrontOf(path: string, uri: string, start: number): string {
  const front = uri.slice(0, start);
  return start === 0 || uri[start] === '/' || path === '' || path.startsWith('/') ? front : `${front}/`;
}

function setQuery(head: Head, text: string): void {
  const { uri } = head;
  const query = targetSafe(text.startsWith('?') ? text.slice(1) : text);
  const mark = pathBounds(uri).query;
  // A mark that was there stays.
  head.uri = uri.slice(0, mark) + (query === '' && mark === uri.length ? '' : '?' + query);
}

/** `set-*`: one log-format argument, given to `set`. */
function setter(name: string, set: (head: Head, text: string, stream: Stream) => void): ActionRow {
  return {
    name,
    kinds: ['http-request'],
    compile(words, env) {
      const text = compileText(words.take(), env);
      if ('error' in text) return { error: 'expects exactly 1 argument <format>' };
      return (stream) => {
        set(stream.req, text(stream), stream);
        return Verdict.next;
      };
    },
  };
}

/** `replace-*`: a regular expression and a log-format, on the part that `get` gives. */
function replacer(
  name: string,
  get: (head: Head, stream: Stream) => string | null,
  set: (head: Head, text: string, stream: Stream) => void,
): ActionRow {
  return {
    name,
    kinds: ['http-request'],
    compile(words, env) {
      const pattern = words.take();
      const format = words.take();
      if (pattern === undefined || format === undefined)
        return { error: 'expects exactly 2 arguments <match-regex> and <replace-format>' };
      const regex: RegExp | ExprError = compileRegex(pattern, false);
      if ('error' in regex) return regex;
      const text: TextOf | ExprError = compileText(format, env);
      if ('error' in text) return text;
      return (stream: Stream) => {
        const part = get(stream.req, stream);
        const replaced = part === null ? null : replaceOnce(part, regex, text, stream);
        if (replaced !== null) set(stream.req, replaced, stream);
        return Verdict.next;
      };
    },
  };
}

/** Whether a target has a path: neither `*` nor the authority of a CONNECT has one. */
const hasPath = (uri: string): boolean => uri[pathBounds(uri).start] === '/';

function pathOf({ uri }: Head): string | null {
  const { start, query } = pathBounds(uri);
  return hasPath(uri) ? uri.slice(start, query) : null;
}

/** Sets the whole target, which has scheme and authority of its own then or none; an authority in it is that of the Host header, too. */
function setUri(head: Head, text: string, stream: Stream): void {
  const target = targetSafe(text);
  // Servers of HTTP/2 are told the scheme that the client has asked for.
  if (stream.scheme === '' && /^http:\/\//i.test(head.uri)) stream.scheme = 'http';
  head.uri = target;
  stream.origin = '';
  const absolute = target.includes('://') ? target : `connect://${target}`;
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#*][^/?#]*)/.exec(absolute)?.[1];
  if (authority === undefined) return;
  for (let i = head.findHeader('host', 0); i >= 0; i = head.findHeader('host', i + 1)) head.setValueAt(i, authority);
}

/** `normalize-uri <normalizer> [<option>]`. */
function compileNormalizer(words: Words): Run | ExprError {
  const name = words.peek();
  if (name === undefined) return { error: 'missing argument <normalizer>' };
  words.take();
  const row = NORMALIZERS.find((one) => one.name === name);
  if (row === undefined) return { error: `unknown normalizer '${name}'` };
  const option = words.peek();
  if (option !== undefined && option !== row.option)
    return { error: `unknown argument '${option}' for '${name}' normalizer` };
  if (option !== undefined) words.take();
  const normalize = row.make(option !== undefined);
  return (stream) => {
    const { uri } = stream.req;
    const { start, query } = pathBounds(uri);
    if (!hasPath(uri)) return Verdict.next;
    const end = row.part === 'path' ? query : uri.length;
    const normal = normalize(uri.slice(start, end));
    if (normal === null) {
      stream.log.requestEnd = 0;
      countFront(stream, C.failedReq);
      setCause(stream, 'P', 'R');
      replyError(stream, 400);
      return Verdict.done;
    }
    stream.req.uri = uri.slice(0, start) + normal + uri.slice(end);
    return Verdict.next;
  };
}

/** Actions that edit the request line. */
export const uriActions: readonly ActionRow[] = [
  { name: 'normalize-uri', kinds: ['http-request'], compile: compileNormalizer },
  setter('set-method', (head, text) => {
    if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) head.method = text;
  }),
  setter('set-uri', setUri),
  setter('set-path', setPath),
  setter('set-pathq', setPathQuery),
  setter('set-query', setQuery),
  replacer('replace-uri', (head, { origin }) => fullUri(origin, head.uri), setUri),
  replacer('replace-path', pathOf, setPath),
  replacer('replace-pathq', ({ uri }) => (hasPath(uri) ? uri.slice(pathBounds(uri).start) : null), setPathQuery),
];
