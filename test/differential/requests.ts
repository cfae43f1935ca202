import { ANSWERS } from './answers.ts';
import type { Random } from './random.ts';

/** Bytes that are sent at once, and the methods of the requests in them, each of which may have a response. */
export interface Exchange {
  readonly bytes: string;
  readonly methods: readonly string[];
  /** The same bytes, when they are sent one after the other. */
  readonly pieces?: readonly string[];
}

export const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'TRACE',
  'FOO',
];

export const TARGETS = [
  '/', '/a', '/api/v1', '/api/v1?a=1&b=2', '/A/b/C.html', '/a//b/./c/../d', '/%61%2fb%zz', '/x?a=', '/x?b=2&a=%41&n=77', '/?', '/a;p=1?a=x;b=y', '*',
  '/old', '/monitor', '/1234', '/hello', 'http://abs.example/path?a=1', 'http://abs.example', 'http://abs.example:8080/p', '/a?b=c#frag', '/?n=-5',
  '/very/long/path/with/many/parts/of/it/index.html?a=one&a=two', '/a?b?c=1', '//double', '/a%20b', '/\x7f', '/e\xe9',
]; // biome-ignore format: a table

export const HEADERS = [
  'X-A: a', 'X-A: one, two,three', 'x-a: hello', 'X-A:', 'X-A: "quoted, comma", b', 'x-b: b', 'x-b: 12 ', 'x-num: 42', 'x-num: -7', 'x-num: 12abc', 'x-num: 99999999999999999999',
  'x-ip: 192.0.2.17', 'x-ip: 2001:db8::1', 'x-ip: 10.0.0.1, 192.0.2.9', 'x-ip: nonsense', 'x-ip: 192.0.2.1:80', 'X-Forwarded-For: 203.0.113.9', 'Cookie: sid=abc; theme="dark"',
  'Cookie: SRV=s1c', 'Cookie: SRV=s2c; sid=s1c~x', 'Cookie: num=12;sid=1;sid=2', 'Cookie: a=b; SRV=nope', 'Cookie: SRV=', 'Cookie: SRV=s1c|YWJj|YWJj', 'Cookie: sid=s2c~abc; SRV=s3c',
  'Cookie: =x; sid', 'Cookie: sid = spaced ; theme= dark', 'Cookie: rdp-cookie=1; mstshash=ann', 'Accept-Encoding: gzip', 'Accept-Encoding: gzip, deflate', 'Accept-Encoding: deflate;q=0.5, gzip;q=0.1', 'Accept-Encoding: gzip;q=0',
  'Accept-Encoding: identity', 'Accept-Encoding: *', 'Authorization: Basic YW5uOnNlY3JldA==', 'Authorization: Basic Ym9iOndyb25n', 'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.x', 'Authorization: Digest x',
  'User-Agent: test/1', 'Accept-Language: fr;q=0.8, en;q=0.9', 'Accept-Language: de', 'x-json: {"a":"va","b":{"c":"vc"},"n":5,"l":[1,2]}', 'x-json: {"a":', 'X-Kv: a=1;b=2', 'X-Empty:', 'x_under: 1', 'X-Date: 1700000000',
  'Connection: close', 'Connection: keep-alive', 'Connection: X-A', 'Connection: close, x-b', 'Proxy-Connection: keep-alive', 'Via: 1.1 old', 'Cache-Control: no-cache', 'Cache-Control: max-age=0',
  'If-None-Match: "e1"', 'If-Modified-Since: Tue, 01 Jan 2030 00:00:00 GMT', 'Range: bytes=0-1', 'X-High: \xe9\xff', 'TE: trailers', 'Keep-Alive: timeout=5', 'x-list: 1, 2', 'Origin: http://o.example', 'Max-Forwards: 0',
]; // biome-ignore format: a table

export const HOSTS = [
  'Host: www.example.com',
  'Host: example.com:8080',
  'host: WWW.Example.COM',
  'Host: [::1]:80',
  'Host: 127.0.0.1',
  'Host: api.example.com:80',
  'Host: ',
];

export const BODIES = ['a=1&b=2', 'hello', '{"a":"va"}', 'x'.repeat(3000), 'b=%41&a=x+y'];

/** What goes over one connection. */
export function exchanges(random: Random): Exchange[] {
  const count = 1 + random.below(4);
  return Array.from({ length: count }, () => {
    if (random.chance(0.12)) return odd(random);
    if (random.chance(0.08)) return both(one(random), one(random));
    return one(random);
  });
}

function both(first: Exchange, second: Exchange): Exchange {
  return { bytes: first.bytes + second.bytes, methods: [...first.methods, ...second.methods] };
}

function one(random: Random): Exchange {
  const method = random.pick(METHODS);
  const version = random.chance(0.1) ? '1.0' : '1.1';
  const target = random.pick(TARGETS);
  const host =
    version === '1.0' && random.chance(0.5)
      ? []
      : [target.startsWith('http') && random.chance(0.7) ? hostOf(target) : random.pick(HOSTS)];
  const want = random.chance(0.75) ? [`x-want: ${random.pick(Object.keys(ANSWERS))}`] : [];
  const lines = [
    `${method} ${target} HTTP/${version}`,
    ...host,
    ...want,
    ...random.some(6, () => random.pick(HEADERS)),
  ];
  const body =
    method === 'POST' || method === 'PUT' || method === 'PATCH' || random.chance(0.04)
      ? framed(random, version)
      : '\r\n\r\n';
  return { bytes: lines.join('\r\n') + body, methods: [method] };
}

const hostOf = (target: string): string => `Host: ${target.replace(/^http:\/\//, '').replace(/\/.*/, '')}`;

function framed(random: Random, version: string): string {
  const body = random.pick(BODIES);
  const type = random.chance(0.5) ? '\r\nContent-Type: application/x-www-form-urlencoded' : '';
  const expect = random.chance(0.15) ? '\r\nExpect: 100-continue' : '';
  if (version === '1.1' && random.chance(0.4))
    return `${type}${expect}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(random, body)}`;
  return `${type}${expect}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function chunked(random: Random, body: string): string {
  const half = Math.ceil(body.length / 2);
  const extension = random.chance(0.3) ? ';ext=1' : '';
  const trailers = random.chance(0.3) ? 'X-Trailer: 1\r\n' : '';
  return (
    [body.slice(0, half), body.slice(half)]
      .map((part) => `${part.length.toString(16)}${extension}\r\n${part}\r\n`)
      .join('') + `0\r\n${trailers}\r\n`
  );
}

const HOST = 'Host: a.example\r\n';

/** Requests that break the rules of HTTP/1 or stretch them, one a text. */
const ODD: readonly string[] = [
  `GET / HTTP/1.1\r\n${HOST}Host: b.example\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Host: a.example\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n`,
  'GET / HTTP/1.1\r\n\r\n',
  'GET /\r\n\r\n',
  'GET / HTTP/0.9\r\n\r\n',
  'GET / HTTP/1.2\r\nHost: a\r\n\r\n',
  'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
  'GET / HTTP/11.1\r\nHost: a\r\n\r\n',
  'GET / http/1.1\r\nHost: a\r\n\r\n',
  'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /  HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n',
  ' GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  '\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
  '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\nHost: a\n\n',
  'GET / HTTP/1.1\r\nHost: a\r\nX-A: one\r\n two\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nX-A: one\r\n\ttwo\r\n  three\r\n\r\n',
  'GET / HTTP/1.1\r\n X: folded first\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nX A: 1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nNoColon\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nX-A: nul\0nul\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nX-A: cr\rcr\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nX-\xe9: 1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nX-A:\t tabs \t\r\n\r\n',
  'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n',
  'G@T / HTTP/1.1\r\nHost: a\r\n\r\n',
  'get / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET a HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET ?a=1 HTTP/1.1\r\nHost: a\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET * HTTP/1.1\r\nHost: a\r\n\r\n',
  'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n',
  'CONNECT a.example HTTP/1.1\r\nHost: a.example\r\n\r\n',
  'GET http://other.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n',
  'GET http://a.example:80/x HTTP/1.1\r\nHost: a.example\r\n\r\n',
  'GET HTTP://A.EXAMPLE/x HTTP/1.1\r\nHost: a.example\r\n\r\n',
  'GET http://user@a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n',
  'GET ftp://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n',
  'GET http:///x HTTP/1.1\r\nHost: a.example\r\n\r\n',
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 5, 5\r\n\r\nhello`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: +5\r\n\r\nhello`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 5x\r\n\r\nhello`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 0005\r\n\r\nhello`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\tchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked;x=1\r\n\r\n0\r\n\r\n`,
  `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi`,
  `HEAD / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n05\r\nhello\r\n00\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5;a="b\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\nContent-Length: 3\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
  `POST / HTTP/1.1\r\n${HOST}Expect: something\r\nContent-Length: 5\r\n\r\nhello`,
  `POST / HTTP/1.0\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
  `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Upgrade: foo\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Connection: close, keep-alive\r\n\r\n`,
  `GET / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`,
  `GET / HTTP/1.0\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Connection: Close\r\nConnection: x-a\r\nX-A: 1\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Connection:\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}X-Long: ${'y'.repeat(14000)}\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}X-Long: ${'y'.repeat(17000)}\r\n\r\n`,
  `GET /${'u'.repeat(15000)} HTTP/1.1\r\n${HOST}\r\n`,
  `GET / HTTP/1.1\r\n${HOST}${'X-N: 1\r\n'.repeat(90)}\r\n`,
  `GET / HTTP/1.1\r\n${HOST}${'X-N: 1\r\n'.repeat(120)}\r\n`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
]; // biome-ignore format: a table

function odd(random: Random): Exchange {
  const text = random.pick(ODD);
  const method = /^\s*([A-Za-z]+)/.exec(text)?.[1] ?? 'GET';
  if (random.chance(0.85)) return { bytes: text, methods: [method] };
  return { bytes: text + `GET /behind HTTP/1.1\r\n${HOST}\r\n`, methods: [method, 'GET'] };
}
