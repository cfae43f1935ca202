import fc from 'fast-check';
import { Head } from '../../../src/traffic/h1/head.ts';
import { INVALID, NEED_MORE, parseRequest, parseResponse } from '../../../src/traffic/h1/parse.ts';

/** Entries that a head may have (`tune.http.maxhdr`). */
export const MAX_HEADERS = 101;

const tchar = fc.constantFrom(..."!#$%&'*+-.^_`|~09azAZxyXY");
const token = fc.string({ unit: tchar, minLength: 1, maxLength: 8 });
const fieldByte = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 33, max: 126 }) },
  fc.constantFrom(9, 32, 128, 255),
);
const value = fc.array(fieldByte, { maxLength: 20 }).map((codes) => String.fromCharCode(...codes));
const blank = fc.constantFrom('', ' ', '  ', '\t', ' \t ');
const eol = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n');

const known = fc.constantFrom(
  ['Host', 'a.example'],
  ['host', 'A.example:80'],
  ['Content-Length', '5'],
  ['content-length', '5, 5'],
  ['content-length', '6'],
  ['content-length', '18446744073709551616'],
  ['Transfer-Encoding', 'chunked'],
  ['transfer-encoding', 'gzip, chunked'],
  ['transfer-encoding', 'gzip'],
  ['Connection', 'close'],
  ['connection', 'keep-alive, x-hop, Upgrade'],
  ['Upgrade', 'websocket'],
  ['TE', 'trailers, gzip'],
  ['te', 'gzip'],
  ['Cookie', 'a=1; b=2'],
  ['Expect', '100-Continue'],
);

const line = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: fc.tuple(token, value) }, known), blank, blank, eol)
  .map(([[name, text], before, after, end]) => `${name}:${before}${text}${after}${end}`);

const target = fc.oneof(
  fc.constantFrom('/', '*', '/a/b?c=d', 'http://a.example/x', 'https://a.example:443/', 'a.example:443', '/%00'),
  fc.string({
    unit: fc.integer({ min: 33, max: 126 }).map((c) => String.fromCharCode(c)),
    minLength: 1,
    maxLength: 12,
  }),
);

/** Request heads as bytes: most are right, some are refused. */
export const requestHead = fc
  .tuple(
    fc.constantFrom('', '', '', '\r\n', '\n'),
    fc.oneof(fc.constantFrom('GET', 'POST', 'HEAD', 'CONNECT', 'OPTIONS'), token),
    target,
    fc.constantFrom('1.1', '1.1', '1.0', '1.9', '2.0'),
    eol,
    fc.array(line, { maxLength: 8 }),
    eol,
  )
  .map(([skip, method, uri, version, end, lines, last]) =>
    Buffer.from(`${skip}${method} ${uri} HTTP/${version}${end}${lines.join('')}${last}`, 'latin1'),
  );

/** Response heads as bytes. */
export const responseHead = fc
  .tuple(
    fc.constantFrom('1.1', '1.1', '1.0', '3.1'),
    fc.oneof(fc.integer({ min: 100, max: 599 }).map(String), fc.constantFrom('99', '2x0', '1000')),
    fc.constantFrom(' OK', ' Not Found', ' ', '', ' \xe9t\xe9', ' a\x01b'),
    eol,
    fc.array(line, { maxLength: 8 }),
    eol,
  )
  .map(([version, status, reason, end, lines, last]) =>
    Buffer.from(`HTTP/${version} ${status}${reason}${end}${lines.join('')}${last}`, 'latin1'),
  );

/** Bytes of any kind, with what matters to a parser more often than the rest. */
export const anyBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        ' ',
        ':',
        '0',
        'GET / HTTP/1.1\r\n',
        'HTTP/1.1 200 OK\r\n',
        'a: b\r\n',
        '\0',
        '\t',
      ),
      fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

export type Kind = 'request' | 'response';

/** What a parse tells, in a form that can be compared. */
export interface Parsed {
  readonly result: number;
  readonly error: readonly [number, string, number] | null;
  readonly facts: Readonly<Record<string, unknown>> | null;
  readonly headers: readonly (readonly [string, string])[];
  /** The bytes of the head as they are afterwards. */
  readonly bytes: string;
}

export function parseInto(head: Head, kind: Kind, buf: Buffer, start: number, limit: number): number {
  return (kind === 'request' ? parseRequest : parseResponse)(head, buf, start, limit, MAX_HEADERS);
}

/** Parses `bytes` whole. */
export function parsed(kind: Kind, bytes: Buffer, limit = bytes.length): Parsed {
  const head = new Head();
  const copy = Buffer.from(bytes);
  return describeHead(kind, head, copy, parseInto(head, kind, copy, 0, limit));
}

export function describeHead(kind: Kind, head: Head, bytes: Buffer, result: number): Parsed {
  const valid = result !== INVALID && result !== NEED_MORE;
  return {
    result,
    error: result === INVALID ? [head.errorAt, head.errorState, head.errorStatus] : null,
    facts: valid ? factsOf(kind, head) : null,
    headers: valid ? headersOf(head) : [],
    bytes: valid ? bytes.latin1Slice(0, result) : '',
  };
}

function factsOf(kind: Kind, head: Head): Readonly<Record<string, unknown>> {
  const {
    version,
    contentLength,
    chunked,
    connClose,
    connKeepAlive,
    connUpgrade,
    hasUpgrade,
    expectContinue,
    ambiguous,
  } = head;
  const first = kind === 'request' ? [head.method, head.uri] : [head.status, head.reason];
  return {
    first,
    version,
    contentLength,
    chunked,
    connClose,
    connKeepAlive,
    connUpgrade,
    hasUpgrade,
    expectContinue,
    ambiguous,
  };
}

/** The entries that are there, in order. */
export function headersOf(head: Head): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < head.headerCount(); i++) {
    const name = head.headerName(i);
    if (name !== '') list.push([name, head.headerValue(i)]);
  }
  return list;
}

/** The head as it goes out, with its empty line. Fails when it does not fit into what `sizeBound` promises. */
export function serialised(head: Head): Buffer {
  const bound = head.sizeBound();
  const out = Buffer.alloc(bound + 64, 0xee);
  const end = head.write(out, 0);
  if (end > bound) throw new Error(`wrote ${end} bytes, announced were ${bound}`);
  return Buffer.concat([out.subarray(0, end), Buffer.from('\r\n')]);
}
