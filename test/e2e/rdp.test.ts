import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { tcpOrigin } from '../support/origin.ts';
import { runToEnd, start } from '../support/program.ts';

const servers = await Promise.all(
  ['one', 'two', 'three'].map((name) =>
    tcpOrigin({ after }, async (c) => {
      await c.through('\r\n');
      c.send(name);
      c.end();
    }),
  ),
);
const [one, two, three] = servers as [(typeof servers)[0], (typeof servers)[0], (typeof servers)[0]];
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen farm
    bind {addr:farm}
    tcp-request inspect-delay 2s
    tcp-request content accept if RDP_COOKIE
    persist rdp-cookie
    balance rdp-cookie
    server one {addr:one}
    server two {addr:two}
    server three {addr:three}
listen turns
    bind {addr:turns}
    tcp-request inspect-delay 2s
    tcp-request content accept if RDP_COOKIE
    balance rdp-cookie
    server one {addr:one}
    server two {addr:two}
    server three {addr:three}
listen named
    bind {addr:named}
    tcp-request inspect-delay 2s
    tcp-request content accept if RDP_COOKIE
    option persist
    persist rdp-cookie(token)
    balance rdp-cookie
    server one {addr:one}
    server two {addr:two}
`,
  { ports: { one, two, three } },
);

/** How terminal servers write an address in their cookie. */
const token = (port: number) => `${0x0100007f}.${((port & 255) << 8) | (port >> 8)}.0000`;

async function ask(t: TestContext, listener: string, cookie: string): Promise<string> {
  const client = await connect(t, run.port(listener));
  client.send(`\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: ${cookie}\r\n`);
  return client.rest();
}

test('persist rdp-cookie: the cookie names the server', async (t) => {
  assert.equal(await ask(t, 'farm', `msts=${token(two.port)}`), 'two');
  assert.equal(await ask(t, 'farm', `msts=${token(three.port)}`), 'three');
  assert.equal(await ask(t, 'farm', `msts=${token(one.port)}`), 'one');
  assert.equal(await ask(t, 'named', `token=${token(two.port)}`), 'two');
});

test('persist rdp-cookie: what names no usable server is balanced, the same always to the same', async (t) => {
  const first = await ask(t, 'farm', 'mstshash=somebody');
  assert.equal(await ask(t, 'farm', 'mstshash=somebody'), first);
  assert.match(await ask(t, 'farm', 'msts=1.2.3'), /^(one|two|three)$/);
  assert.match(await ask(t, 'farm', 'msts=99999999999999.80.0'), /^(one|two|three)$/);
  await run.cli('disable server farm/two');
  assert.match(await ask(t, 'farm', `msts=${token(two.port)}`), /^(one|three)$/);
  // With `option persist` one that is down is asked all the same.
  await run.cli('disable server named/two');
  assert.equal(await ask(t, 'named', `token=${token(two.port)}`), 'two');
});

test('balance rdp-cookie: a cookie without a value is none, so that its clients take turns', async (t) => {
  const seen = new Set<string>();
  for (let i = 0; i < 6; i++) seen.add(await ask(t, 'turns', 'mstshash='));
  assert.deepEqual(seen, new Set(['one', 'two', 'three']));
});

test('persist rdp-cookie: mistakes are told', async () => {
  const told = async (line: string) => (await runToEnd(`backend b\n mode tcp\n ${line}\n`, { args: ['-c'] })).stderr;
  assert.match(await told('persist rdp-cookie()'), /requires an rdp cookie name/);
  assert.match(await told('persist other'), /unknown persist method/);
});
