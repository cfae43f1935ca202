import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { pause } from '../support/wait.ts';

// A response that its client has not taken yet, while the connection it came on already serves the next one: there is one to the server.

const app = await origin({ after }, 'ok');
const NEXT = 400_000;

for (const driver of ['io_uring', 'libuv']) {
  suite(driver, async () => {
    const run = await start(
      { after },
      `
global
    stats socket {sock:admin} level admin
    nbthread 1
    tune.sndbuf.client 65536
    ${driver === 'libuv' ? 'nouring' : ''}
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen web
    bind {addr:web}
    http-reuse always
    server app {addr:app} maxconn 1
`,
      { ports: { app } },
    );

    for (const framing of ['length', 'chunked'] as const)
      test(`what a client has not read stays as it is while others are served (${framing})`, async (t) => {
        app.script = ({ target }) => {
          const [, letter, length] = target.split('/') as [string, string, string];
          const body = Buffer.alloc(Number(length), letter);
          return framing === 'length' ? { status: 200, body } : { status: 200, chunks: [body] };
        };
        const port = run.port('web');
        const get = (letter: string, length: number) => `GET /${letter}/${length} HTTP/1.1\r\nHost: a\r\n\r\n`;
        // The last bytes of some of these are all that waits.
        for (let length = 80_000; length < 1_200_000; length += 40_000) {
          const slow = await connect(t, port);
          slow.send(get('s', length));
          slow.pause();
          const next = await connect(t, port);
          const answer = next.exchange(get('n', NEXT));
          await pause(60);
          slow.resume();
          const { body } = await slow.response('GET');
          assert.ok(body.equals(Buffer.alloc(length, 's')), `${length} bytes: others came`);
          assert.ok((await answer).body.equals(Buffer.alloc(NEXT, 'n')));
          slow.close();
          next.close();
        }
      });
  });
}
