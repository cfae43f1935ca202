import { BODIES_ACCEPTED } from './bodies-accepted.ts';
import { HTTP_COLUMNS } from './counters.ts';
import type { Family } from './family.ts';
import { http } from './http.ts';
import type { Random } from './random.ts';
import type { Exchange } from './requests.ts';
import { HEAD } from './scenario.ts';

/** Large bodies, bodies in pieces, bodies that are waited for, what comes in front of them and behind them, and switched protocols. */
export const bodies: Family = {
  name: 'bodies',
  sample: 20,
  accepted: BODIES_ACCEPTED,
  head: HEAD,
  columns: HTTP_COLUMNS,
  make(random, id) {
    const back = (name: string): string[] => [
      `backend ${name}_${id}`,
      ...random.some(2, () => random.pick(BACK)),
      ...(random.chance(0.3) ? [random.pick(SERVED)] : []),
      `server s1 {addr:${random.pick(['s1', 's1', 's2'])}}`,
    ];
    const lines = [
      `frontend fe_${id}`,
      `bind {addr:fe_${id}}`,
      'log {addr:log} len 4096 local0',
      random.pick(['option httplog', "log-format 'fe_line %ST %B %U %ts %tsc %rc'"]),
      ...random.some(2, () => random.pick(FRONT)),
      ...random.some(3, () => random.pick(RULES)),
      `default_backend a_${id}`,
      ...back('a'),
    ];
    return {
      family: bodies,
      id,
      lines: lines.flatMap((line) => line.split('\n')),
      connections: [Array.from({ length: 1 + random.below(3) }, () => exchange(random))],
    };
  },
  play: http.play,
};

const FRONT = [
  'option http-buffer-request', 'option httpclose', 'option http-server-close', 'option http-keep-alive', 'compression algo gzip\ncompression type text/plain text/html',
  'timeout http-request 300ms', 'option forwardfor', 'option http-no-delay', 'option nolinger',
]; // biome-ignore format: a table
const BACK = [
  'option http-server-close', 'option httpclose', 'http-reuse never', 'http-reuse always', 'option http-no-delay', 'compression algo deflate\ncompression type text/plain text/html',
  'timeout server 1s', 'option http-buffer-request', 'option abortonclose', 'http-send-name-header x-name',
]; // biome-ignore format: a table
const SERVED = [
  'retry-on 500 503\nretries 2',
  'retry-on all-retryable-errors\nretries 1',
  'balance url_param a check_post',
];
const RULES = [
  'http-request wait-for-body time 200ms', 'http-request wait-for-body time 100ms at-least 10', 'http-request wait-for-body time 200ms\nhttp-request set-header x-len "%[req.body_len] %[req.body_size]"',
  'http-request wait-for-body time 200ms\nhttp-request deny deny_status 413 if { req.body_len gt 1000 }', 'http-response wait-for-body time 200ms', 'http-request deny if { req.hdr(content-length) -m int gt 60000 }',
  'http-request return status 200 content-type text/plain string early if { path_beg /early }', 'http-request redirect location /there if { path_beg /moved }', 'http-response set-header x-a b', 'http-request set-header x-b c',
  'http-response del-header content-length if { path /none }', 'http-after-response set-header x-after 1', 'http-response set-status 503 if { path /odd }', 'http-request set-header x-size "%[req.hdr(content-length)]"',
]; // biome-ignore format: a table

const TEXT = 'Bodies come whole, in pieces, or not at all. ';
const SIZES = [0, 1, 10, 500, 1400, 16_000, 16_384, 20_000, 70_000, 150_000];
const PATHS = ['/', '/early', '/moved', '/none', '/odd', '/a?a=1', '/long'];
const WANTS = [
  'small',
  'long',
  'chunked',
  'trailers',
  'untilClose',
  'closing',
  'hints',
  'goOn',
  'processing',
  's204',
  's304',
  'failed',
  'busy',
  'cut',
  'cutChunk',
  'badChunk',
  'html',
  'old',
  'oldKept',
  'empty',
];

function exchange(random: Random): Exchange {
  if (random.chance(0.15)) return switched(random);
  if (random.chance(0.2)) return pipelined(Array.from({ length: 2 + random.below(3) }, () => one(random)));
  return one(random);
}

function one(random: Random): Exchange {
  const method = random.pick(['POST', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD']);
  const size = random.pick(SIZES);
  const body = TEXT.repeat(Math.ceil(size / TEXT.length)).slice(0, size);
  const want = random.chance(0.6) ? `x-want: ${random.pick(WANTS)}\r\n` : '';
  const encoding = random.chance(0.3) ? 'Accept-Encoding: gzip, deflate\r\n' : '';
  const expects = random.chance(0.2);
  const start = `${method} ${random.pick(PATHS)} HTTP/1.1\r\nHost: a.example\r\n${want}${encoding}${expects ? 'Expect: 100-continue\r\n' : ''}`;
  if (method === 'GET' || method === 'HEAD') return { bytes: `${start}\r\n`, methods: [method] };
  const framed = random.chance(0.5)
    ? { fields: 'Transfer-Encoding: chunked\r\n\r\n', content: inChunks(random, body) }
    : { fields: `Content-Length: ${body.length}\r\n\r\n`, content: body };
  const head = start + framed.fields;
  const bytes = head + framed.content;
  if (expects && random.chance(0.7)) return { bytes, methods: [method], pieces: [head, framed.content] };
  return { bytes, methods: [method], ...(random.chance(0.5) ? { pieces: cut(random, bytes, head.length) } : {}) };
}

function inChunks(random: Random, body: string): string {
  const size = random.pick([7, 1000, 16_000, 100_000]) + (body.length > 2000 ? 500 : 0);
  let out = '';
  for (let at = 0; at < body.length; at += size) {
    const part = body.slice(at, at + size);
    out += `${part.length.toString(16)}${random.chance(0.2) ? ';ext="a b"' : ''}\r\n${part}\r\n`;
  }
  return `${out}0\r\n${random.chance(0.3) ? 'X-Trailer: 1\r\nX-Other: two\r\n' : ''}\r\n`;
}

/** Bytes in two to four pieces; the first has at least half of the head. */
function cut(random: Random, bytes: string, head: number): string[] {
  const ends = Array.from({ length: 1 + random.below(3) }, () =>
    random.pick([
      head,
      head + 1,
      head + 5,
      Math.ceil((head + bytes.length) / 2),
      bytes.length - 1,
      Math.ceil(head / 2),
    ]),
  )
    .filter((at) => at > 0 && at < bytes.length)
    .sort((a, b) => a - b);
  return [...new Set([0, ...ends])].map((at, index, all) => bytes.slice(at, all[index + 1]));
}

function pipelined(all: readonly Exchange[]): Exchange {
  return { bytes: all.map(({ bytes }) => bytes).join(''), methods: all.flatMap(({ methods }) => methods) };
}

/** A protocol that is switched to, with bytes that follow at once or later. */
function switched(random: Random): Exchange {
  const upgrade = random.pick(['foo', 'foo/1, bar', 'h2c']);
  const head = `GET /${random.pick(['', 'up'])} HTTP/1.1\r\nHost: a.example\r\nConnection: ${random.pick(['Upgrade', 'keep-alive, upgrade', 'upgrade, x-b'])}\r\nUpgrade: ${upgrade}\r\nx-want: ${random.pick(['switch', 'switch', 'upgrade', 'small'])}\r\n\r\n`;
  return random.chance(0.5)
    ? { bytes: head, methods: ['GET'] }
    : { bytes: `${head}raw`, methods: ['GET'], pieces: [head, 'raw'] };
}
