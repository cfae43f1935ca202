import { createServer, type Socket } from 'node:net';
import type { Scope } from '../support/wait.ts';
import { block, END_HEADERS, END_STREAM, frame, headers, int32, preface, settings, T } from '../traffic/h2/peer.ts';
import { ANSWERS, answerTo } from './answers.ts';
import type { Fields } from './h2-client.ts';
import { type Received, Wire } from './h2-wire.ts';
import { listen } from './origin.ts';

/** What a server of HTTP/2 sends on a stream: frames of it, or of the connection. */
type Say = (stream: number) => Buffer[];

const OK = [':status', '200'] as const;
const head = (fields: Fields, flags = 0): Say => {
  return (stream) => [headers(stream, fields, flags)];
};
const content = (stream: number, text: string, flags = END_STREAM): Buffer =>
  frame(T.data, flags, stream, Buffer.from(text, 'latin1'));

/** Answers that HTTP/1 cannot give, in place of those that HTTP/2 cannot give: by the wish of the request. */
const OWN: Readonly<Record<string, Say>> = {
  garbage: () => [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  nothing: (stream) => [frame(T.rst, 0, stream, int32(2))],
  cutHead: (stream) => [frame(T.headers, 0, stream, block([OK]))],
  cut: (stream) => [
    headers(stream, [OK, ['content-length', '10']], 0),
    content(stream, 'half', 0),
    frame(T.rst, 0, stream, int32(8)),
  ],
  cutChunk: (stream) => [headers(stream, [OK], 0), content(stream, 'half', 0), frame(T.rst, 0, stream, int32(2))],
  badChunk: (stream) => [headers(stream, [OK], 0), content(stream, 'half', 0), frame(T.data, 0, 0, Buffer.from('x'))],
  lengthsDiffer: head([OK, ['content-length', '2'], ['content-length', '3']], END_STREAM),
  lengthAndChunked: (stream) => [headers(stream, [OK, ['content-length', '9']], 0), content(stream, 'short')],
  gzipChunked: (stream) => [headers(stream, [OK, ['content-length', '2']], 0), content(stream, 'longer')],
  oldChunked: head([OK, ['transfer-encoding', 'chunked']], END_STREAM),
  spaceColon: head([OK, ['x-a ', '1']], END_STREAM),
  noColon: head([OK, ['X-A', '1']], END_STREAM),
  nul: head([OK, ['x-a', 'a\0b']], END_STREAM),
  linefeeds: head([OK, ['x-a', 'a\nb']], END_STREAM),
  badStatus: head([[':status', '2000']], END_STREAM),
  version: head([['x-a', 'no status']], END_STREAM),
  folded: head([['x-a', '1'], OK], END_STREAM),
  huge: (stream) => [
    frame(T.headers, END_STREAM, stream, block([OK, ['x-long', 'z'.repeat(15_000)]])),
    frame(T.continuation, END_HEADERS, stream, block([['x-long', 'z'.repeat(9000)]])),
  ],
  upgrade: head([[':status', '101']], END_STREAM),
  old: (stream) => [frame(T.rst, 0, stream, int32(7))],
  oldKept: (stream) => [
    headers(stream, [OK], 0),
    content(stream, 'last'),
    frame(T.goaway, 0, 0, Buffer.concat([int32(stream), int32(0)])),
  ],
  closing: (stream) => [
    frame(T.goaway, 0, 0, Buffer.concat([int32(stream), int32(0)])),
    headers(stream, [OK], 0),
    content(stream, 'bye'),
  ],
};

/** An answer of HTTP/1 over HTTP/2. */
function translated(text: string, bodyless: boolean): Say {
  const heads: { fields: Fields; status: number }[] = [];
  let rest = text;
  do {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    rest = rest.slice(end + 4);
    const status = line.slice(9, 12);
    const fields = lines
      .map((one): [string, string] => [
        one.slice(0, one.indexOf(':')).toLowerCase(),
        one.slice(one.indexOf(':') + 1).trim(),
      ])
      .filter(([name]) => !/^(connection|transfer-encoding)$/.test(name));
    heads.push({ status: Number(status), fields: [[':status', status], ...fields] });
  } while (heads.at(-1)!.status < 200);
  const chunked = /transfer-encoding: *chunked/i.test(text);
  const trailers = chunked ? /\r\n0\r\n(.+)\r\n\r\n$/.exec(text)?.[1] : undefined;
  const body = chunked ? [...rest.matchAll(/[0-9a-f]+(?:;x=1)?\r\n(.+)\r\n/g)].map(([, part]) => part).join('') : rest;
  const shown = chunked && trailers !== undefined ? body.replace(trailers, '') : body;
  const { status } = heads.at(-1)!;
  const empty = bodyless || shown === '' || status === 204 || status === 304;
  return (stream) => [
    ...heads.map(({ fields }, at) => headers(stream, fields, at === heads.length - 1 && empty ? END_STREAM : 0)),
    ...(empty ? [] : pieces(stream, shown, trailers === undefined)),
    ...(empty || trailers === undefined
      ? []
      : [headers(stream, [[trailers.split(':')[0]!.toLowerCase(), trailers.split(':')[1]!.trim()]], END_STREAM)]),
  ];
}

const MOST = 16_000;

function pieces(stream: number, text: string, end: boolean): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < text.length; at += MOST)
    out.push(content(stream, text.slice(at, at + MOST), end && at + MOST >= text.length ? END_STREAM : 0));
  return out;
}

/** Starts server `name`, which speaks HTTP/2 in the clear and answers as it is asked to; requests are told to `saw`. Gives its port. */
export async function h2Server(scope: Scope, name: string, saw: (request: string) => void): Promise<number> {
  const listener = createServer({ noDelay: true }, (socket) => answerOverH2(socket, name, saw));
  return (await listen(scope, listener, 'connection')).port;
}

/** Answers the requests that come over a connection of HTTP/2. */
export function answerOverH2(socket: Socket, name: string, saw: (request: string) => void): void {
  const answered = new Set<number>();
  const wire = new Wire(
    socket,
    {
      stream(id, message) {
        if (message.ended !== '<end>' || answered.has(id)) return;
        answered.add(id);
        saw(`${name}: ${textOf(message)}`);
        wire.send(...answerFor(message, name)(id));
        if (wish(message) === 'garbage') socket.end();
      },
      other() {},
    },
    preface.length,
  );
  wire.send(settings([4, 1 << 20]), frame(T.window, 0, 0, int32(1 << 20)));
}

const textOf = ({ blocks, body }: Received): string =>
  `${blocks[0]}\r\n${body}${blocks
    .slice(1)
    .map((one) => `[${one}]`)
    .join('')}`;

const wish = ({ blocks }: Received): string | undefined => /^x-want: *(\S*)\r$/m.exec(blocks[0]!)?.[1];

function answerFor(message: Received, name: string): Say {
  const want = wish(message);
  const own = want === undefined ? undefined : OWN[want];
  if (own !== undefined) return own;
  const bodyless = /^:method: HEAD\r$/m.test(message.blocks[0]!);
  const wanted = want !== undefined && ANSWERS[want] !== undefined ? `x-want: ${want}\r\n` : '';
  const { text } = answerTo(wanted, '', name);
  if (wanted !== '') return translated(text, bodyless);
  const body = `${name} got\n${textOf(message)}`;
  const fields = `x-server: ${name}\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n`;
  return translated(`HTTP/1.1 200 OK\r\n${fields}\r\n${body}`, bodyless);
}
