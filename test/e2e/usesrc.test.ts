import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { isHaproxy, runToEnd, start } from '../support/program.ts';

// All of 127.0.0.0/8 is the machine's own: what is shown can be seen without any routes. Being allowed to show it is another matter.
const probe = 'import socket as s; s.socket().setsockopt(s.SOL_IP, 19, 1)';
const skip = spawnSync('python3', ['-c', probe]).status !== 0 && 'needs CAP_NET_ADMIN and python3';

const raw = await tcpOrigin({ after }, (c) => {
  c.send(`${c.socket.remoteAddress} ${c.socket.remotePort}`);
  c.end();
});
const app = await origin({ after }, (_request, c) => ({ body: `${c.socket.remoteAddress} ${c.socket.remotePort}` }));

for (const driver of isHaproxy ? [''] : ['', 'nouring'])
  test(`source ... usesrc: servers see the address that is asked for${driver && ', without io_uring'}`, {
    skip,
  }, async (t) => {
    const run = await start(
      t,
      `
global
    ${driver}
defaults
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen client
    mode tcp
    bind {addr:client}
    source 0.0.0.0 usesrc client
    server s {addr:raw}
listen clientip
    mode tcp
    bind {addr:clientip}
    server s {addr:raw} source 0.0.0.0 usesrc clientip interface lo
listen fixed
    mode tcp
    bind {addr:fixed}
    source 0.0.0.0 usesrc 127.0.0.99
    server s {addr:raw}
listen header
    mode http
    bind {addr:header}
    http-reuse always
    source 127.0.0.8 usesrc hdr_ip(x-forwarded-for,-2)
    server s {addr:app}
`,
      { ports: { raw, app } },
    );
    const through = async (name: string, localAddress: string) => {
      const client = await connect(t, { port: run.port(name), localAddress });
      return [await client.rest(), `${localAddress} ${client.port}`] as const;
    };
    const [seen, own] = await through('client', '127.0.0.21');
    assert.equal(seen, own);
    assert.match((await through('clientip', '127.0.0.22'))[0], /^127\.0\.0\.22 /);
    assert.match((await through('fixed', '127.0.0.22'))[0], /^127\.0\.0\.99 /);
    const client = await connect(t, run.port('header'));
    const ask = async (...fields: string[]) => {
      client.send(`GET / HTTP/1.1\r\nHost: x\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`);
      return (await client.response('GET')).text;
    };
    const first = await ask('X-Forwarded-For: 10.0.0.1, 127.0.0.31', 'X-Forwarded-For: 10.0.0.2');
    assert.match(first, /^127\.0\.0\.31 /);
    assert.match(await ask('X-Forwarded-For: 127.0.0.32, 10.0.0.2'), /^127\.0\.0\.32 /);
    // A connection is used again by those alone that come from the same address.
    assert.equal(await ask('X-Forwarded-For: 127.0.0.31, 10.0.0.2'), first);
    // HAProxy 2.6 answers 500, against its manual.
    if (isHaproxy) return;
    assert.match(await ask('X-Forwarded-For: 10.0.0.2'), /^127\.0\.0\.8 /);
    assert.match(await ask('X-Forwarded-For: nobody, 10.0.0.2'), /^127\.0\.0\.8 /);
  });

test('source ... usesrc: mistakes are told', async () => {
  const told = async (line: string) => (await runToEnd(`backend b\n ${line}\n`, { args: ['-c'] })).stderr;
  assert.match(await told('source 0.0.0.0 usesrc'), /'usesrc' expects <addr>\[:<port>\], 'client', /);
  assert.match(await told('server s 127.0.0.1:80 usesrc client'), /'usesrc' only allowed after a 'source' statement/);
  assert.match(await told('source 0.0.0.0 usesrc hdr_ip('), /usesrc/);
});
