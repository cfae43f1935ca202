import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';

const app = await origin({ after }, 'app');
const raw = await tcpOrigin({ after }, (c) => {
  c.send('raw');
  c.end();
});
const run = await start(
  { after },
  `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen sends
    bind {addr:sends}
    dispatch {addr:app}
listen tcp
    mode tcp
    bind {addr:tcp}
    dispatch {addr:raw}
listen wanted
    bind {addr:wanted} accept-proxy
    option transparent
listen chosen
    bind {addr:chosen}
    dispatch {addr:raw}
    balance roundrobin
    server s {addr:app}
`,
  { ports: { app, raw } },
);

test('dispatch: without servers all goes to one address', async (t) => {
  assert.equal((await get(run.port('sends'))).text, 'app');
  assert.equal(await (await connect(t, run.port('tcp'))).rest(), 'raw');
  assert.equal((await get(run.port('chosen'))).text, 'app');
});

test('option transparent: without servers connections go to where the client wanted to go', async (t) => {
  const client = await connect(t, run.port('wanted'));
  client.send(`PROXY TCP4 127.0.0.1 127.0.0.1 4321 ${app.port}\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.equal((await client.response('GET')).text, 'app');
});
