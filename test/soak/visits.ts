/** What clients of the soak do. A visit throws when it was not served as it has to be. */

import assert from 'node:assert/strict';
import { connect as connectH2, constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { Connection, connect } from '../support/connection.ts';
import { MalformedError } from '../support/http.ts';
import { type Scope, within } from '../support/wait.ts';
import { type How, target } from './origin.ts';
import { matches, PIECE, piece } from './pattern.ts';

/** Addresses of the balancer, by what is served there. */
export interface Doors {
  readonly plain: number;
  readonly tls: number;
  readonly tcp: number;
  /** HTTP/2 over TLS, without limits of bandwidth. */
  readonly h2: number;
  /** HTTP/1 to servers that speak HTTP/2 over TLS. */
  readonly second: number;
  /** Responses are kept, and compressed. */
  readonly kept: number;
}

export interface Visit {
  readonly random: () => number;
  readonly doors: Doors;
  /** Of this visit. */
  readonly scope: Scope;
}

/** A request for a text, with a body or without. */
interface Wish {
  readonly seed: number;
  readonly length: number;
  readonly body: number;
  readonly how: How;
}

const WHOLE: readonly How[] = ['length', 'chunked', 'slow'];
const HEADER = 'host: soak.test\r\n';

export const VISITS: Readonly<Record<string, (visit: Visit) => Promise<void>>> = {
  async 'requests one after the other'({ random, doors, scope }) {
    const connection = await connect(scope, below(random, 2) ? doors.plain : doors.second);
    for (let left = below(random, 6); left >= 0; left--) {
      const wish = wishFor(random, left === 0 ? [...WHOLE, 'close'] : WHOLE);
      await send(connection, wish, random);
      await expect(connection, wish);
    }
    leave(connection, random);
  },

  async 'requests sent together'({ random, doors, scope }) {
    const connection = await connect(scope, doors.plain);
    const wishes = Array.from({ length: 2 + below(random, 6) }, () => wishFor(random, WHOLE, 20_000));
    connection.send(wishes.map((wish) => head(wish)).join(''));
    for (const wish of wishes) await expect(connection, { ...wish, body: 0 });
  },

  async 'a reader that pauses'({ random, doors, scope }) {
    const connection = await connect(scope, [doors.plain, doors.plain, doors.second, doors.kept][below(random, 4)]!);
    const wish = longWish(random);
    await send(connection, wish, random);
    await dawdle(connection, random);
    await expect(connection, wish);
  },

  async 'a reader over TLS that pauses'({ random, doors, scope }) {
    const connection = overTls(scope, doors.h2);
    const wish = longWish(random);
    await send(connection, wish, random);
    await dawdle(connection, random);
    await expect(connection, wish);
  },

  async 'a response that is kept, or compressed'({ random, doors, scope }) {
    const connection = await connect(scope, doors.kept);
    for (let left = below(random, 4); left >= 0; left--) {
      const length = below(random, 2) ? 500 : below(random, 200_000);
      const wish = { seed: below(random, 40), length, body: 0, how: WHOLE[below(random, 2)]! } as const;
      const gzip = below(random, 2) === 1;
      connection.send(head(wish, gzip ? 'accept-encoding: gzip\r\n' : ''));
      await expect(connection, wish);
    }
    leave(connection, random);
  },

  async 'a client that leaves'({ random, doors, scope }) {
    const connection = await connect(scope, below(random, 4) ? doors.plain : doors.tcp);
    const wish = wishFor(random, WHOLE, 3e6);
    connection.send(head(wish));
    if (below(random, 2)) connection.send(piece(wish.seed, 0, below(random, wish.body + 1)));
    await delay(below(random, 40));
    if (below(random, 2)) connection.reset();
    else connection.close();
  },

  async 'a server that fails'({ random, doors, scope }) {
    const connection = await connect(scope, doors.plain);
    const wish = wishFor(random, ['cut', 'reset'], 300_000);
    if (wish.length < 2) return;
    await send(connection, { ...wish, body: 0 }, random);
    const answer = await connection.response().catch((error: unknown) => {
      // What came was right as far as it went: it ended early.
      if (error instanceof MalformedError && !/end/.test(error.message)) throw error;
      return undefined;
    });
    if (answer) assert.equal(answer.status, 502, `a response that was cut came as ${answer.status}`);
  },

  async 'a relayed connection'({ random, doors, scope }) {
    const connection = await connect(scope, doors.tcp);
    const [seed, length] = [below(random, PIECE), below(random, 2e6)];
    const sending = sendText(connection, seed, length, random);
    const back = await connection.bytes(length);
    await sending;
    assert.ok(matches(seed, 0, back), 'other bytes came back over TCP');
    connection.end();
    assert.equal(await connection.rest(), '');
  },

  async 'a tunnel'({ random, doors, scope }) {
    const connection = await connect(scope, doors.plain);
    connection.send(`GET / HTTP/1.1\r\n${HEADER}connection: upgrade\r\nupgrade: soak\r\n\r\n`);
    await connection.through('\r\n\r\n');
    const [seed, length] = [below(random, PIECE), below(random, 500_000)];
    const sending = sendText(connection, seed, length, random);
    assert.ok(matches(seed, 0, await connection.bytes(length)), 'other bytes came back over a tunnel');
    await sending;
    leave(connection, random);
  },

  async 'requests over TLS'({ random, doors, scope }) {
    const connection = overTls(scope, doors.tls);
    for (let left = below(random, 3); left >= 0; left--) {
      const wish = wishFor(random, WHOLE);
      await send(connection, wish, random);
      await expect(connection, wish);
    }
  },

  async 'streams of HTTP/2'({ random, doors, scope }) {
    const session = connectH2(`https://127.0.0.1:${doors.tls}`, { rejectUnauthorized: false });
    session.on('error', () => {});
    scope.after(() => session.destroy());
    const streams = Array.from({ length: 1 + below(random, 8) }, () => stream(session, random));
    await within(Promise.all(streams), 'streams of HTTP/2');
  },

  async 'streams of HTTP/2 that pause'({ random, doors, scope }) {
    const session = connectH2(`https://127.0.0.1:${doors.h2}`, { rejectUnauthorized: false });
    session.on('error', () => {});
    scope.after(() => session.destroy());
    const streams = Array.from({ length: 2 + below(random, 2) }, () => stream(session, random, true));
    await within(Promise.all(streams), 'streams of HTTP/2 that pause');
  },

  async noise({ random, doors, scope }) {
    const connection = await connect(scope, below(random, 2) ? doors.plain : doors.tls);
    connection.send(piece(below(random, PIECE), 0, below(random, 3000)));
    if (below(random, 2)) connection.send('\r\n\r\n');
    connection.end();
    await connection.rest({ tolerateReset: true });
  },
};

function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

/** Most texts are short, some are long. */
function wishFor(random: () => number, hows: readonly How[], most = 1e6): Wish {
  const length = () => (below(random, 4) ? below(random, 2000) : below(random, most));
  const how = hows[below(random, hows.length)]!;
  return { seed: below(random, PIECE), length: length(), body: below(random, 3) ? 0 : length(), how };
}

/** More than the buffers on the way hold. */
function longWish(random: () => number): Wish {
  return { seed: below(random, PIECE), length: 1e6 + below(random, 3e6), body: 0, how: 'length' };
}

/** Reads now and then. */
async function dawdle(connection: Connection, random: () => number): Promise<void> {
  for (let i = 0; i < 3; i++) {
    connection.pause();
    await delay(below(random, 100));
    connection.resume();
    await delay(below(random, 20));
  }
}

function overTls(scope: Scope, port: number): Connection {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  scope.after(() => socket.destroy());
  return new Connection(socket);
}

function head({ seed, length, how }: Wish, more = ''): string {
  return `GET ${target(seed, length, how)} HTTP/1.1\r\n${HEADER}${more}\r\n`;
}

/** Sends the request, its body in pieces. */
async function send(connection: Connection, wish: Wish, random: () => number): Promise<void> {
  if (wish.body === 0) return void connection.send(head(wish));
  connection.send(head(wish, `content-length: ${wish.body}\r\n`));
  await sendText(connection, wish.seed, wish.body, random);
}

async function sendText(connection: Connection, seed: number, length: number, random: () => number): Promise<void> {
  for (let sent = 0; sent < length; ) {
    const bytes = piece(seed, sent, Math.min(1 + below(random, PIECE), length - sent));
    sent += bytes.length;
    await connection.send(bytes);
  }
}

async function expect(connection: Connection, wish: Wish): Promise<void> {
  const answer = await connection.response();
  assert.equal(answer.status, 200, `status ${answer.status} for ${JSON.stringify(wish)}`);
  const body = answer.get('content-encoding') === 'gzip' ? gunzipSync(answer.body) : answer.body;
  assert.equal(body.length, wish.length, `length of ${JSON.stringify(wish)}`);
  assert.ok(matches(wish.seed, 0, body), `other bytes than asked for: ${JSON.stringify(wish)}`);
  assert.equal(
    Number(answer.get('x-read')),
    wish.body,
    `bytes of the body that the server read: ${JSON.stringify(wish)}`,
  );
}

function leave(connection: Connection, random: () => number): void {
  if (below(random, 3) === 0) connection.reset();
  else connection.close();
}

/** One stream, which may be cancelled on the way; one that pauses leaves its window full for a while. */
function stream(session: ReturnType<typeof connectH2>, random: () => number, pauses = false): Promise<void> {
  const wish = pauses ? { ...longWish(random), length: 3e5 + below(random, 7e5) } : wishFor(random, WHOLE);
  const cancelAt = below(random, 4) ? Number.POSITIVE_INFINITY : below(random, wish.length);
  const request = session.request({
    ':path': target(wish.seed, wish.length, wish.how),
    ':method': wish.body > 0 ? 'POST' : 'GET',
  });
  for (let sent = 0; sent < wish.body; sent += PIECE)
    request.write(piece(wish.seed, sent, Math.min(PIECE, wish.body - sent)));
  request.end();
  return new Promise((resolve, reject) => {
    let [status, read] = [0, 0];
    request.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    request.on('data', (bytes: Buffer) => {
      if (!matches(wish.seed, read, bytes)) reject(new Error(`other bytes over HTTP/2: ${JSON.stringify(wish)}`));
      read += bytes.length;
      if (pauses && below(random, 10) === 0) {
        request.pause();
        setTimeout(() => request.resume(), below(random, 30));
      }
      if (read > cancelAt) request.close(constants.NGHTTP2_CANCEL);
    });
    request.on('error', (error) => (read > cancelAt ? resolve() : reject(error)));
    request.on('close', () => {
      if (read > cancelAt || (status === 200 && read === wish.length)) resolve();
      else reject(new Error(`status ${status}, ${read} bytes over HTTP/2 for ${JSON.stringify(wish)}`));
    });
  });
}
