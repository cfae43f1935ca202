/** One response, in pieces; `close` ends the connection behind it. */
export interface Answer {
  readonly text: string;
  readonly close?: boolean;
}

const page = (status: string, headers: string, body: string): Answer => ({
  text: `HTTP/1.1 ${status}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`,
});
const LONG = '<p>All work and no play.</p>\n'.repeat(900);

/** What a server answers, by the name that a request asks for in its header `x-want`. */
export const ANSWERS: Readonly<Record<string, Answer>> = {
  small: page('200 OK', 'content-type: text/plain\r\n', 'hello'),
  empty: page('200 OK', '', ''),
  html: page('200 OK', 'Content-Type: text/html\r\nETag: "e1"\r\n', '<p>hello</p>'.repeat(20)),
  long: page('200 OK', 'content-type: text/html; charset=utf-8\r\n', LONG),
  chunked: {
    text: 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\n\r\n',
  },
  trailers: {
    text: 'HTTP/1.1 200 OK\r\nTrailer: x-t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
  },
  untilClose: { text: 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nuntil the end', close: true },
  closing: { text: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbye', close: true },
  old: { text: 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold', close: true },
  oldKept: { text: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold' },
  s204: { text: 'HTTP/1.1 204 No Content\r\nX-A: none\r\n\r\n' },
  s204length: { text: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n' },
  s304: { text: 'HTTP/1.1 304 Not Modified\r\nETag: "e1"\r\nContent-Length: 12\r\n\r\n' },
  s205: { text: 'HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n' },
  hints: { text: 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
  goOn: { text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
  processing: {
    text: 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  },
  cookies: page(
    '200 OK',
    'Set-Cookie: sid=app1; Path=/\r\nSet-Cookie: SRV=old; Path=/\r\nset-cookie: theme=dark\r\n',
    'ok',
  ),
  cookieCached: page('200 OK', 'Set-Cookie: SRV=x\r\nCache-Control: public, max-age=10\r\n', 'ok'),
  headers: page(
    '200 OK',
    'X-A: 1\r\nX-A: 2\r\nX-List: a, b,c\r\nX-Ip: 192.0.2.9\r\nVia: 1.1 app\r\nX-Empty:\r\n',
    'ok',
  ),
  folded: page('200 OK', 'X-A: one\r\n two\r\n', 'ok'),
  spaced: page('200 OK', 'X-A:   one  \r\nX-Tab:\tt\r\n', 'ok'),
  moved: page('302 Found', 'Location: http://www.example.com/there?a=b\r\n', ''),
  notFound: page('404 Not Found', 'content-type: text/plain\r\n', 'none'),
  failed: page('500 Oops', 'content-type: text/plain\r\nx-a: a\r\n', 'oops'),
  busy: page('503 Busy', 'retry-after: 1\r\n', 'busy'),
  teapot: page("418 I'm a teapot", '', 'tea'),
  noReason: page('200', '', 'ok'),
  unauthorized: page('401 Who', 'WWW-Authenticate: Basic realm="app"\r\n', 'who'),
  cacheable: page('200 OK', 'Cache-Control: max-age=30\r\nContent-Type: text/plain\r\nETag: "c1"\r\n', 'cached'),
  vary: page('200 OK', 'Cache-Control: max-age=30\r\nVary: accept-encoding\r\n', 'varied'),
  noStore: page('200 OK', 'Cache-Control: no-store\r\nPragma: no-cache\r\n', 'fresh'),
  encoded: page('200 OK', 'Content-Encoding: br\r\nContent-Type: text/html\r\n', 'brrr'),
  noTransform: page('200 OK', 'Cache-Control: no-transform\r\nContent-Type: text/html\r\n', 'as it is'),
  linefeeds: { text: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok' },
  garbage: { text: 'this is no response\r\n\r\n', close: true },
  nothing: { text: '', close: true },
  cut: { text: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', close: true },
  cutHead: { text: 'HTTP/1.1 200 OK\r\nContent-Le', close: true },
  cutChunk: { text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel', close: true },
  badChunk: { text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n', close: true },
  lengths: { text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok' },
  lengthsDiffer: { text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!', close: true },
  lengthAndChunked: {
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  },
  gzipChunked: { text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', close: true },
  oldChunked: { text: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', close: true },
  spaceColon: { text: 'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 2\r\n\r\nok', close: true },
  noColon: { text: 'HTTP/1.1 200 OK\r\nNoColon\r\nContent-Length: 2\r\n\r\nok', close: true },
  nul: { text: 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok', close: true },
  badStatus: { text: 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok', close: true },
  version: { text: 'HTTP/3.7 200 OK\r\nContent-Length: 2\r\n\r\nok', close: true },
  huge: { text: `HTTP/1.1 200 OK\r\nX-Long: ${'z'.repeat(17000)}\r\nContent-Length: 2\r\n\r\nok`, close: true },
  upgrade: {
    text: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw bytes',
    close: true,
  },
};

/** Answers that only some families ask for. */
const MORE: Readonly<Record<string, Answer>> = {
  switch: { text: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nraw bytes' },
};

/** The answer to a request whose raw head is given; without a wish its own head and body come back in the body. */
export function answerTo(head: string, body: string, server: string): Answer {
  const want = /^x-want: *(\S*)/im.exec(head)?.[1];
  const answer = want === undefined ? undefined : (ANSWERS[want] ?? MORE[want]);
  if (answer === undefined)
    return page('200 OK', `x-server: ${server}\r\ncontent-type: text/plain\r\n`, `${server} got\n${head}${body}`);
  const start = answer.text.indexOf('\r\n');
  if (!answer.text.startsWith('HTTP/1.1 200') || start < 0) return answer;
  return { ...answer, text: `${answer.text.slice(0, start)}\r\nx-server: ${server}${answer.text.slice(start)}` };
}
