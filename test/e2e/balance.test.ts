import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';

const three = (lines: string) => `
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s

global
    stats socket {sock:admin} level admin

frontend fe
    bind {addr:fe}
    default_backend be

backend be
${lines}
`;

test('round robin gives each of three servers every third request', async (t) => {
  const [a, b, c] = [await origin(t, 'a'), await origin(t, 'b'), await origin(t, 'c')];
  const run = await start(
    t,
    three(`
    balance roundrobin
    server a {addr:a}
    server b {addr:b}
    server c {addr:c}`),
    { ports: { a, b, c }, args: [] },
  );
  const client = await connect(t, run.port('fe'));
  let seen = '';
  for (let i = 0; i < 9; i++) seen += (await client.exchange('GET / HTTP/1.1\nHost: x\n\n')).text;
  assert.equal(seen, 'abcabcabc');
  assert.equal((await run.row('be/BACKEND'))['stot'], '9');
  assert.equal((await get(run.port('fe'))).status, 200);
});
