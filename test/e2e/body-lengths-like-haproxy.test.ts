/** How long requests and responses are (`req.len`, `req.body_len`, `req.body_size` and those of responses): the same as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import http2 from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { after, describe, type TestContext, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';
import { within } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

const CONFIG = `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend requests
    bind {addr:requests}
    http-request return status 200 hdr x-lengths "%[req.len] %[req.body_len] %[req.body_size]"
frontend whole
    bind {addr:whole}
    option http-buffer-request
    http-request return status 200 hdr x-lengths "%[req.len] %[req.body_len] %[req.body_size]"
frontend responses
    bind {addr:responses}
    http-response set-header x-lengths "%[res.len] %[res.body_len] %[res.body_size]"
    default_backend app
backend app
    server app {addr:app}
`;

/** Framing and body, and the lengths of a body that both tell. */
const BODIES: readonly (readonly [sent: string, lengths: string])[] = [
  ['content-length: 5\r\n\r\nhello', '5 5'],
  ['content-length: 9\r\n\r\nhello', '5 9'],
  ['transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', '5 5'],
  ['transfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n', '8 8'],
  ['transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\nx-u:  two \r\n\r\n', '5 5'],
  ['transfer-encoding: chunked\r\n\r\n0\r\n\r\n', '0 0'],
  ['transfer-encoding: chunked\r\n\r\n5\r\nhe', '2 5'],
  ['transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n', '5 5'],
  ['transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n', '5 5'],
];

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  const app = await origin({ after }, ({ target }) => `HTTP/1.1 200 OK\r\n${BODIES[Number(target.slice(1))]![0]}`);
  const options = { ports: { app } };
  const runs = [
    await start({ after }, CONFIG, options),
    await start({ after }, CONFIG, { ...options, program: HAPROXY }),
  ];
  const alike = async (ask: (port: (name: string) => number) => Promise<string>): Promise<string> => {
    const [ours, theirs] = [await ask(runs[0]!.port), await ask(runs[1]!.port)];
    assert.equal(ours, theirs);
    return ours.replace(/^\d+ /, '');
  };

  for (const [at, [sent, lengths]] of BODIES.entries()) {
    test(`a request with ${JSON.stringify(sent)}`, async (t) =>
      assert.equal(await alike((port) => told(t, port('requests'), `POST / HTTP/1.1\r\nhost: a\r\n${sent}`)), lengths));

    test(`a response with ${JSON.stringify(sent)}`, async (t) =>
      assert.equal(
        await alike((port) => told(t, port('responses'), `GET /${at} HTTP/1.1\r\nhost: a\r\n\r\n`)),
        lengths,
      ));
  }

  for (const [name, headers, trailers] of [
    ['without a length', {}, null],
    ['with a length', { 'content-length': '5' }, null],
    ['with trailers', {}, { 'x-t': '1' }],
  ] as const) {
    test(`a request over HTTP/2 ${name}`, async (t) =>
      assert.equal(await alike((port) => overHttp2(t, port('whole'), headers, trailers)), '5 5'));
  }
});

/** What a response tells of lengths in its head; its body may never end. */
async function told(t: TestContext, port: number, bytes: string): Promise<string> {
  const client = await connect(t, port);
  client.send(bytes);
  const head = await client.through('\r\n\r\n');
  client.close();
  return /^x-lengths: (.*)$/m.exec(head)![1]!.trim();
}

async function overHttp2(
  t: TestContext,
  port: number,
  headers: Readonly<Record<string, string>>,
  trailers: Readonly<Record<string, string>> | null,
): Promise<string> {
  // The address is part of the target there.
  const session = http2.connect('http://a.example', { createConnection: () => connectTcp(port, '127.0.0.1') });
  t.after(() => session.destroy());
  const request = session.request({ ':method': 'POST', ...headers }, { waitForTrailers: trailers !== null });
  if (trailers !== null) request.on('wantTrailers', () => request.sendTrailers(trailers));
  request.end('hello');
  const response = new Promise<http2.IncomingHttpHeaders>((resolve) => request.on('response', resolve));
  return String((await within(response, () => 'a response'))['x-lengths']);
}
