/** Clients of HTTP that leave while rules wait: the rules decide on what has come, and it is logged as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { pause } from '../support/wait.ts';
import { END_STREAM, frame, headers, int32, preface, settings, T } from '../traffic/h2/peer.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

/** Frontends by name: what is waited for, and what comes behind that. */
const FRONTS: Readonly<Record<string, string>> = {
  tarpit: 'http-request tarpit deny_status 429\n    default_backend be',
  waits_tarpit: 'option http-buffer-request\n    http-request tarpit deny_status 429\n    default_backend be',
  buffered: 'option http-buffer-request\n    default_backend be',
  buffered_deny: 'option http-buffer-request\n    http-request deny\n    default_backend be',
  waits_reject: 'http-request wait-for-body time 2s\n    http-request reject\n    default_backend be',
  waits_return:
    'http-request wait-for-body time 2s\n    http-request return status 200 if { req.body_len 2 }\n    default_backend be',
  backend_waits: 'default_backend waits',
};

const CONFIG = `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout tarpit 300
    log {addr:log} format raw local0
    log-format "%HPO %b/%s %ST %B %ts %HM %U"
${Object.entries(FRONTS)
  .flatMap(([name, lines]) =>
    ['h1', 'h2'].map(
      (proto) => `
frontend ${proto}_${name}
    bind {addr:${proto}_${name}}${proto === 'h2' ? ' proto h2' : ''}
    ${lines}`,
    ),
  )
  .join('')}
backend be
    server s {addr:web}
backend waits
    http-request wait-for-body time 2s
    http-request deny deny_status 429
    server s {addr:web}
`;

/** Sends a request of which 2 bytes of its body come, and goes then. */
type Leave = (socket: Socket, path: string) => Promise<void>;

const begin = (path: string, length: number): [string, string][] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'a'],
  [':path', path],
  ['content-length', String(length)],
];
const later = async (socket: Socket, request: Buffer | string, go: () => void): Promise<void> => {
  socket.write(request);
  await pause(120);
  go();
};
const h1 = (path: string): string => `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe`;
const h2 = (path: string, flags = 0): Buffer =>
  Buffer.concat([preface, settings(), headers(1, begin(path, flags === 0 ? 5 : 2), 0), frame(T.data, flags, 1, 'he')]);
const RESET = frame(T.rst, 0, 1, int32(8));

const LEAVES: Readonly<Record<string, Leave>> = {
  'h1 by its end': (socket, path) => later(socket, h1(path), () => socket.end()),
  'h1 by a reset': (socket, path) => later(socket, h1(path), () => socket.resetAndDestroy()),
  'h2 by RST_STREAM': (socket, path) => later(socket, h2(path), () => socket.write(RESET)),
  'h2 by RST_STREAM behind its body': (socket, path) => later(socket, h2(path, END_STREAM), () => socket.write(RESET)),
  'h2 at once': async (socket, path) => void socket.write(Buffer.concat([h2(path), RESET])),
  'h2 by a body that is too long': (socket, path) =>
    later(socket, h2(path), () => socket.write(frame(T.data, 0, 1, 'llomore'))),
  'h2 by a body that is too short': (socket, path) =>
    later(socket, h2(path), () => socket.write(frame(T.data, END_STREAM, 1, 'l'))),
  'h2 by an error of the connection': (socket, path) =>
    later(socket, h2(path), () => socket.write(frame(T.ping, 0, 0, 'abc'))),
  'h2 by a reset of the connection': (socket, path) => later(socket, h2(path), () => socket.resetAndDestroy()),
};
const EXPECTED: readonly (readonly [path: string, told: string])[] = [
  ['/tarpit', '<NOSRV> 429 0 PT POST'],
  ['/buffered', 'be/<NOSRV> -1 0 CR POST'],
  ['/waits_return', '<NOSRV> 200 49 LR POST'],
  ['/backend_waits', 'waits/<NOSRV> 429 225 PR POST'],
];

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  const web = await origin({ after }, 'web');
  /** Starts `program`; gives what asks how it logs a request whose client leaves in a way, at a frontend. */
  const teller = async (program?: string): Promise<(front: string, how: string) => Promise<string>> => {
    const log = await syslog({ after });
    const options = { ports: { log, web }, ...(program === undefined ? {} : { program }) };
    const run = await start({ after }, CONFIG, options);
    return async (front, how) => {
      const path = `/${front}/${how.replaceAll(' ', '-')}`;
      const socket = connect(run.port(`${how.slice(0, 2)}_${front}`), '127.0.0.1');
      socket.on('error', () => undefined);
      await LEAVES[how]!(socket, path);
      const line = await log.waitFor(new RegExp(`^${path} `));
      socket.destroy();
      return line;
    };
  };
  const [ours, theirs] = [await teller(), await teller(HAPROXY)];

  for (const how of Object.keys(LEAVES)) {
    test(how, async () => {
      const fronts = Object.keys(FRONTS);
      const told = await Promise.all(fronts.map((front) => ours(front, how)));
      assert.deepEqual(told, await Promise.all(fronts.map((front) => theirs(front, how))));
      if (how !== 'h2 by RST_STREAM') return;
      for (const [path, text] of EXPECTED) assert.ok(told.some((line) => line.startsWith(path) && line.includes(text)));
    });
  }
});
