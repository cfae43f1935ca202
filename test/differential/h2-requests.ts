import { block, END_HEADERS, END_STREAM, frame, int32, T } from '../traffic/h2/peer.ts';
import { ANSWERS } from './answers.ts';
import type { Fields, H2Exchange, Step } from './h2-client.ts';
import type { Random } from './random.ts';
import { BODIES, HEADERS, HOSTS, METHODS, TARGETS } from './requests.ts';

type Field = readonly [string, string];

/** What goes over one connection of HTTP/2. */
export function h2Exchanges(random: Random): H2Exchange[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    if (random.chance(0.25)) return told(random.pick(ODD)(random));
    return told(request(random, 0));
  });
}

/** Several requests whose streams are open at the same time. */
export function atOnce(random: Random): H2Exchange[] {
  const requests = Array.from({ length: 2 + random.below(3) }, (_, stream) => request(random, stream));
  const heads = requests.map((steps) => steps[0]!);
  const rests = requests.map((steps) => steps.slice(1));
  const mixed: Step[] = [...heads];
  while (rests.some((rest) => rest.length > 0)) {
    const rest = random.pick(rests.filter((one) => one.length > 0));
    mixed.push(rest.shift()!);
  }
  return [told(mixed)];
}

/** An exchange and its text. */
export function told(steps: readonly Step[]): H2Exchange {
  const streams = Math.max(...steps.map((step) => ('stream' in step ? (step.stream ?? -1) : -1))) + 1;
  return { bytes: steps.map(textOf).join(''), steps, streams };
}

function textOf(step: Step): string {
  if (step.do === 'settle') return '<settle>';
  const padded = 'padding' in step ? `<padded ${step.padding}>` : '';
  if (step.do === 'data') return padded + step.text + (step.end ? '' : '<more>');
  if (step.do !== 'head') return `<${step.do}${step.do === 'frame' ? ` ${step.type} of ${step.payload.length}` : ''}>`;
  const pseudo = new Map(step.fields.filter(([name]) => name.startsWith(':')));
  const fields = step.fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const marks = [
    step.end ? '' : '<open>',
    padded,
    step.priority ? '<priority>' : '',
    (step.pieces ?? 1) > 1 ? `<in ${step.pieces}>` : '',
  ].join('');
  return `${pseudo.get(':method') ?? '<fields>'} ${pseudo.get(':path') ?? ''} h2${marks}\r\n${fields}\r\n`;
}

/** The pseudo header fields of a request, in the order that clients send them. */
export function pseudo(method: string, path: string, authority: string | null = 'a.example'): Field[] {
  return [
    [':method', method],
    [':scheme', 'http'],
    ...(authority === null ? [] : [[':authority', authority] as const]),
    [':path', path],
  ];
}

/** Lines of HTTP/1 as fields of HTTP/2, without those of a connection. */
function fieldsOf(lines: readonly string[]): Field[] {
  return lines
    .map((line): Field => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
    .filter(([name]) => !/^(connection|keep-alive|proxy-connection|te|upgrade|transfer-encoding)$/.test(name));
}

function request(random: Random, stream: number): Step[] {
  const method = random.pick(METHODS);
  const target = random.pick(TARGETS).replace(/[\x7f\xe9]/, '');
  const absolute = /^http:\/\/([^/]*)(.*)$/.exec(target);
  const host = random.pick(HOSTS.slice(0, -1)).slice('Host: '.length);
  const authority = absolute?.[1] ?? host;
  const asField = random.chance(0.1);
  const fields: Field[] = [
    ...pseudo(method, absolute ? absolute[2] || '/' : target, asField ? null : authority),
    ...(asField || random.chance(0.05) ? [['host', authority] as const] : []),
    ...(random.chance(0.75) ? [['x-want', random.pick(Object.keys(ANSWERS))] as const] : []),
    ...fieldsOf(random.some(6, () => random.pick(HEADERS))),
  ];
  const pieces = random.chance(0.1) ? 1 + random.below(4) : 1;
  const head = {
    do: 'head' as const,
    stream,
    pieces,
    ...(random.chance(0.1) ? { padding: random.below(20) } : {}),
    ...(random.chance(0.1) ? { priority: true } : {}),
  };
  const withBody = /^(POST|PUT|PATCH)$/.test(method) || random.chance(0.04);
  if (!withBody) return [{ ...head, fields, end: true }];
  return withContent(random, stream, head, fields);
}

function withContent(
  random: Random,
  stream: number,
  head: Omit<Extract<Step, { do: 'head' }>, 'fields' | 'end'>,
  fields: Field[],
): Step[] {
  const body = random.pick(BODIES);
  const all: Field[] = [
    ...fields,
    ...(random.chance(0.5) ? [['content-type', 'application/x-www-form-urlencoded'] as const] : []),
    ...(random.chance(0.5) ? [['content-length', String(body.length)] as const] : []),
  ];
  const trailers = random.chance(0.2);
  const half = random.chance(0.5) ? Math.ceil(body.length / 2) : body.length;
  const data: Step[] = [body.slice(0, half), body.slice(half)]
    .filter((part) => part !== '')
    .map((text, at, parts) => ({
      do: 'data' as const,
      stream,
      text,
      end: !trailers && at === parts.length - 1,
    }));
  const settled = random.chance(0.2) ? [{ do: 'settle' as const }] : [];
  const end: Step[] = trailers ? [{ do: 'head', stream, fields: [['x-trailer', '1']], end: true }] : [];
  return [{ ...head, fields: all, end: false }, ...settled, ...data, ...end];
}

type Make = (random: Random) => Step[];

const head = (fields: Fields, end = true, stream = 0): Step => ({ do: 'head', stream, fields, end });
const data = (text: string, end = true, stream = 0): Step => ({ do: 'data', stream, text, end });
const other = (type: number, payload: Buffer, flags = 0, stream: number | null = null): Step => ({
  do: 'frame',
  type,
  flags,
  stream,
  payload,
});
const settle: Step = { do: 'settle' };

const get = (...fields: Field[]): Step[] => [head([...pseudo('GET', '/'), ...fields])];
const only = (...fields: Field[]): Step[] => [head(fields)];
const post = (text: string, ...fields: Field[]): Step[] => [
  head([...pseudo('POST', '/'), ...fields], false),
  data(text),
];
const [METHOD, SCHEME, AUTHORITY, PATH] = pseudo('GET', '/') as [Field, Field, Field, Field];

/** Fields that no request may have, or that it may have in a few ways only. */
const FIELDS: readonly Field[] = [
  ['X-Upper', '1'], ['', 'empty'], ['x a', '1'], ['x:a', '1'], ['x-\xe9', '1'], ['x-nul', 'a\0b'], ['x-cr', 'a\rb'], ['x-lf', 'a\nb'], ['x-lead', ' a'],
  ['x-trail', 'a '], ['x-tab', '\ta\t'], ['x-ctl', 'a\x01b'], ['x-del', 'a\x7fb'], ['connection', 'close'], ['connection', 'x-a'], ['keep-alive', 'timeout=5'],
  ['proxy-connection', 'keep-alive'], ['transfer-encoding', 'chunked'], ['upgrade', 'websocket'], ['te', 'trailers'], ['te', 'gzip'], ['te', 'trailers, gzip'],
  ['host', 'other.example'], ['host', 'A.EXAMPLE'], ['host', 'a.example:80'], ['host', ''], ['expect', '100-continue'], ['expect', 'something'], ['content-length', '0'],
  ['content-length', '5'], ['content-length', ''], ['content-length', '+0'], ['content-length', '0, 0'], ['content-length', '0x0'], [':foo', 'bar'], [':status', '200'], [':method', 'GET'], [':path', '/2'],
  ['http2-settings', 'AAMAAABkAAQAAP__'], ['x-long', 'y'.repeat(14000)], ['x-long', 'y'.repeat(17000)], ['x-huge', 'y'.repeat(70000)], ['cookie', ''], ['cookie', 'a=1;'],
]; // biome-ignore format: a table

/** Paths and authorities that say little, too much or nothing. */
const TARGETS_ODD: readonly (readonly [string, string, string | null])[] = [
  ['GET', '', 'a'], ['GET', '*', 'a'], ['OPTIONS', '*', 'a'], ['GET', 'a', 'a'], ['GET', '?a=1', 'a'], ['GET', 'http://b.example/x', 'a'], ['GET', '/a b', 'a'], ['GET', '/\xe9', 'a'],
  ['GET', '/\x7f', 'a'], ['GET', '/\0', 'a'], ['GET', '/a#b', 'a'], ['GET', '/', ''], ['GET', '/', null], ['GET', '/', 'u@a.example'], ['GET', '/', 'a:b:c'], ['GET', '/', 'a b'],
  ['GET', '/', 'a/b'], ['GET', '/', 'a.example:99999'], ['G@T', '/', 'a'], ['get', '/', 'a'], ['', '/', 'a'], ['G T', '/', 'a'], ['PRI', '*', 'a'], ['CONNECT', '/', 'a'],
  ['GET', `/${'u'.repeat(15000)}`, 'a'], ['GET', '//x/y', 'a'], ['GET', '/a//..', 'a'], ['GET', '/\t', 'a'],
]; // biome-ignore format: a table

/** Requests that break the rules of HTTP/2 or stretch them. */
const ODD: readonly Make[] = [
  (r) => get(r.pick(FIELDS)),
  (r) => get(['x-a', '1'], r.pick(FIELDS), ['x-b', '2']),
  (r) => [head(pseudo(...r.pick(TARGETS_ODD)))],
  (r) => [head(pseudo(...r.pick(TARGETS_ODD)))],
  () => only(['x-a', '1'], METHOD, SCHEME, AUTHORITY, PATH),
  () => only(METHOD, SCHEME, AUTHORITY),
  () => only(METHOD, AUTHORITY, PATH),
  () => only(SCHEME, AUTHORITY, PATH),
  () => only(METHOD),
  () => only(PATH, AUTHORITY, SCHEME, METHOD),
  () => only(METHOD, METHOD, SCHEME, AUTHORITY, PATH),
  () => only(METHOD, SCHEME, SCHEME, AUTHORITY, PATH),
  () => only(METHOD, SCHEME, AUTHORITY, AUTHORITY, PATH),
  (r) => only(METHOD, [':scheme', r.pick(['https', 'ftp', '', 'HTTP', 'http:', 'h2'])], AUTHORITY, PATH),
  () => only([':method', 'CONNECT'], [':authority', 'a.example:443']),
  () => only([':method', 'CONNECT'], SCHEME, AUTHORITY, PATH),
  () => [
    head([...pseudo('CONNECT', '/chat'), [':protocol', 'websocket'], ['sec-websocket-version', '13'], ['x-want', 'upgrade']], false),
    settle,
    data('raw'),
  ],
  () => get(['cookie', 'sid=abc'], ['cookie', 'SRV=s2c'], ['x-a', 'between'], ['cookie', 'theme=dark']),
  () => get(['cookie', 'a=1; b=2'], ['cookie', ''], ['cookie', 'c=3']),
  () => get(['host', 'a.example'], ['host', 'a.example']),
  () => [head([METHOD, SCHEME, PATH, ['host', 'a.example'], ['host', 'b.example']])],
  () => post('hello', ['content-length', '5']),
  () => post('hello', ['content-length', '4']),
  () => post('hello', ['content-length', '6']),
  () => post('hello', ['content-length', '5'], ['content-length', '5']),
  () => get(['content-length', '0'], ['content-length', '1']),
  () => get(['content-length', '0, 0']),
  () => post('', ['content-length', '0']),
  () => [head([...pseudo('POST', '/'), ['content-length', '5']])],
  () => [head(pseudo('POST', '/'))],
  () => [head([...pseudo('POST', '/'), ['content-length', '3']], false), data('hello', false), settle, data('')],
  () => [head(pseudo('POST', '/'), false), data('', false), data('a', false), data('', false), data('b')],
  () => [head(pseudo('POST', '/'), false), data('hello', false), settle, head([['x-t', '1']])],
  () => [head(pseudo('POST', '/'), false), data('hello', false), settle, head([['X-T', '1']])],
  () => [head(pseudo('POST', '/'), false), data('hello', false), settle, head([[':path', '/'], ['x-t', '1']])],
  () => [head(pseudo('POST', '/'), false), data('hello', false), settle, head([['connection', 'close']])],
  () => [head(pseudo('POST', '/'), false), data('hello', false), settle, head([['content-length', '5'], ['x-t', '1']])],
  () => [head(pseudo('POST', '/'), false), data('hello', false), settle, head([['x-t', '1']], false), settle, data('more')],
  () => [head(pseudo('GET', '/'), false), head([['x-t', '1']])],
  () => [...get(), data('behind')],
  () => [...get(), head([['x-t', '1']])],
  () => [head(pseudo('POST', '/'), false), settle, { do: 'reset', stream: 0, code: 8 }],
  () => [head(pseudo('POST', '/'), false), data('hello', false), settle, { do: 'reset', stream: 0, code: 2 }],
  () => [head([...pseudo('POST', '/'), ['expect', '100-continue']], false), { do: 'answered', stream: 0 }, data('waited')],
  () => [head(pseudo('GET', '/')), head(pseudo('GET', '/second'), true, 1)],
  () => [head(pseudo('GET', '/second'), true, 1), head(pseudo('GET', '/first'), true, 0)],
  () => [...get(), other(0x42, Buffer.from('unknown')), other(T.priority, Buffer.from([0, 0, 0, 0, 9]), 0, 0)],
  () => [other(T.settings, Buffer.alloc(0)), other(T.settings, Buffer.from([0, 99, 0, 0, 0, 1])), ...get()],
  () => [other(T.settings, Buffer.from([0, 1, 0, 0, 0, 0])), ...get()],
  () => [other(T.settings, Buffer.from([0, 4, 0, 0, 0, 3])), settle, ...get()],
  (r) => [...get(), { do: 'answered', stream: 0 }, other(T.settings, r.pick([Buffer.from([0, 4, 255, 0, 0, 0]), Buffer.from([0, 5, 0, 0, 0, 1]), Buffer.from([0, 2, 0, 0, 0, 2]), Buffer.from([1])]))],
  (r) => [other(r.pick([T.ping, T.rst, T.window, T.goaway, T.priority]), Buffer.alloc(3)), ...get()],
  () => [other(T.ping, Buffer.alloc(8), 0, 0), ...get()],
  () => [other(T.data, Buffer.from('x'), 0, 0), ...get()],
  () => [other(T.data, Buffer.from('x')), ...get()],
  () => [other(T.rst, int32(8), 0, 0), ...get()],
  () => [other(T.window, int32(0)), ...get()],
  () => [head(pseudo('POST', '/'), false), other(T.window, int32(0), 0, 0), settle, data('x')],
  () => [other(T.window, int32(0x7fffffff)), ...get()],
  () => [head(pseudo('POST', '/'), false), other(T.window, int32(0x7fffffff), 0, 0), settle, data('x')],
  () => [other(T.continuation, block(pseudo('GET', '/')), END_HEADERS, 0), ...get()],
  () => [other(T.headers, Buffer.from([200, 1]), 0x8 | END_HEADERS, 0), ...get()],
  () => [other(T.headers, Buffer.from([0xff, 0xff, 0xff]), END_STREAM | END_HEADERS, 0)],
  () => [other(T.headers, Buffer.alloc(0), END_STREAM | END_HEADERS, 0)],
  () => [other(T.push, Buffer.concat([int32(2), block(pseudo('GET', '/'))]), END_HEADERS, 0), ...get()],
  () => [...get(), settle, other(T.goaway, Buffer.concat([int32(0), int32(0)])), ...[head(pseudo('GET', '/after'), true, 1)]],
  () => get(...Array.from({ length: 90 }, (): Field => ['x-n', '1'])),
  () => get(...Array.from({ length: 120 }, (): Field => ['x-n', '1'])),
  () => [{ do: 'head', stream: 0, fields: [...pseudo('GET', '/'), ['x-a', 'in pieces']], end: true, pieces: 12 }],
  () => [{ do: 'head', stream: 0, fields: pseudo('GET', '/'), end: true, padding: 255 }],
  () => [head(pseudo('POST', '/'), false), data('z'.repeat(16000), false), data('z'.repeat(16384), false), data('z'.repeat(9000))],
  () => [head(pseudo('POST', '/'), false), data('z'.repeat(17000)), settle],
  () => [other(0x2c, frame(0, 0, 0)), ...get(['x-want', 'trailers'])],
  (r) => get(['x-want', r.pick(['long', 'hints', 'goOn', 'processing', 'trailers', 'chunked', 'untilClose', 'cut', 'cutChunk', 'badChunk', 'upgrade'])]),
  (r) => [head([...pseudo('HEAD', '/'), ['x-want', r.pick(['long', 'hints', 'chunked', 'trailers', 'untilClose', 's304', 's204'])]])],
]; // biome-ignore format: a table
