import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { runToEnd, start, unlessHaproxy26 } from '../support/program.ts';

/* Users, the statistics page's own rules, variables of the process. */

const web = await origin({ after }, 'web');
const run = await start(
  { after },
  `
global
    set-var proc.answer int(42)
    set-var-fmt proc.text "a=%[var(proc.answer)]"
userlist people
    user ann insecure-password secret
    user bob password $5$saltsalt$7vqY6wQFDbRPm4FNFLxTxDxsgdKtCtrQTlNVAFJvqaB
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen auth
    bind {addr:auth}
    http-request auth realm Inside if !{ http_auth(people) }
    server s {addr:web}
listen stats
    bind {addr:stats}
    stats enable
    stats uri /stats
    stats http-request deny if { hdr(x-deny) 1 }
    stats http-request auth realm Stats unless { http_auth(people) }
    stats admin if TRUE
    server s {addr:web}
listen vars
    bind {addr:vars}
    http-request return status 200 content-type text/plain lf-string "%[var(proc.answer)] %[var(proc.text)]"
`,
  { ports: { web } },
);

const basic = (text: string) => `Authorization: Basic ${Buffer.from(text).toString('base64')}`;

test('auth asks who the client is until a user of the list says so', async () => {
  const asked = await get(run.port('auth'));
  assert.equal(asked.status, 401);
  assert.equal(asked.get('www-authenticate'), 'Basic realm="Inside"');
  assert.equal((await get(run.port('auth'), '/', basic('ann:wrong'))).status, 401);
  assert.equal((await get(run.port('auth'), '/', basic('ann:secret'))).text, 'web');
});

test('the statistics page has rules of its own', async () => {
  assert.equal((await get(run.port('stats'), '/stats', 'x-deny: 1')).status, 403);
  const asked = await get(run.port('stats'), '/stats');
  assert.deepEqual([asked.status, asked.get('www-authenticate')], [401, 'Basic realm="Stats"']);
  assert.equal((await get(run.port('stats'), '/stats', basic('ann:secret'))).status, 200);
  assert.equal((await get(run.port('stats'), '/', 'x-deny: 1')).text, 'web');
});

test('a form that is too large is answered with a redirection that says so', async (t) => {
  const client = await connect(t, run.port('stats'));
  client.send(
    `POST /stats HTTP/1.1\r\nhost: x\r\n${basic('ann:secret')}\r\ncontent-length: 30000\r\n\r\n${'x'.repeat(30_000)}`,
  );
  const response = await client.response();
  assert.equal(response.status, 303);
  assert.equal(response.get('location'), '/stats;st=EXCD');
});

test('variables of the process are set at start', async () => {
  assert.equal((await get(run.port('vars'))).text, '42 a=42');
});

test('a line of tcp-request that is no rule is refused', async () => {
  const exit = await runToEnd('listen l\n    bind {addr:a}\n    mode tcp\n    tcp-request frob accept\n', {
    argv: ['-c', '-f', '{config}'],
  });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /tcp-request.*frob/);
});

test('a delay that is none is refused', unlessHaproxy26('it says the same in other words'), async () => {
  const exit = await runToEnd('listen l\n    bind {addr:a}\n    mode tcp\n    tcp-request inspect-delay soon\n', {
    argv: ['-c', '-f', '{config}'],
  });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /inspect-delay.*soon/);
});
