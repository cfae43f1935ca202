import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { isHaproxy, start } from '../support/program.ts';

/** What a fetch gives in a running process, by its expression; the second list is of those that HAProxy 2.6 does not have. */
const EXPECTED: Record<string, string | RegExp> = {
  fe_defbe: 'pool',
  fe_client_timeout: '2000',
  'srv_weight(pool/s1)': '40',
  'srv_iweight(pool/s1)': '40',
  'srv_uweight(pool/s1)': '40',
  'srv_conn_free(pool/s1)': '10',
  'be_conn_free(pool)': '10',
  'connslots(pool)': '15',
  'nbsrv(pool)': '1',
  prio_class: '3',
  prio_offset: '-7',
  http_first_req: '1',
  fc_rcvd_proxy: '0',
  fc_err: '0',
  thread: /^\d+$/,
  stopping: '0',
  src: '127.0.0.1',
  fc_http_major: '1',
};
const NEWER: Record<string, string | RegExp> = {
  uptime: /^\d$/,
  act_conn: /^[1-9]\d*$/,
  fc_src: '127.0.0.1',
  fc_dst: '127.0.0.1',
  fe_tarpit_timeout: '2500',
};

const all = isHaproxy ? EXPECTED : { ...EXPECTED, ...NEWER };
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 3s
frontend web
    bind {addr:web}
    timeout tarpit 2500ms
    default_backend pool
    http-request set-priority-class int(3)
    http-request set-priority-offset int(-7)
    http-request return status 200 content-type text/plain lf-string "${Object.keys(all)
      .map((fetch) => `%[${fetch}]`)
      .join(';')}" if { path / }
    http-request return status 200 content-type text/plain lf-string "%[http_first_req]" if { path /x }
frontend proxied
    bind {addr:proxied} accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[fc_rcvd_proxy] %[src]"
backend pool
    http-request return status 200 content-type text/plain lf-string "%[be_server_timeout] %[be_tunnel_timeout]"
    server s1 127.0.0.1:1 weight 40 maxconn 10 maxqueue 5
`,
);

const answer = (await get(run.port('web'), '/')).text.split(';');
for (const [i, [fetch, expected]] of Object.entries(all).entries()) {
  test(`${fetch} gives ${expected}`, () => {
    if (typeof expected === 'string') assert.equal(answer[i] || '-', expected);
    else assert.match(answer[i]!, expected);
  });
}

test('http_first_req is false from the second request on', async (t) => {
  const client = await connect(t, run.port('web'));
  assert.equal((await client.exchange('GET /x HTTP/1.1\nHost: x\n\n')).text, '1');
  assert.equal((await client.exchange('GET /x HTTP/1.1\nHost: x\n\n')).text, '0');
});

test('fc_rcvd_proxy tells of a PROXY protocol header', async (t) => {
  const client = await connect(t, run.port('proxied'));
  client.send('PROXY TCP4 192.0.2.5 192.0.2.1 5 80\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await client.response('GET')).text, '1 192.0.2.5');
});

test('srv_uweight follows the live weight, srv_iweight does not', async () => {
  await run.cli('set server pool/s1 weight 7');
  const text = (await get(run.port('web'))).text.split(';');
  const at = (fetch: string) => text[Object.keys(all).indexOf(fetch)];
  assert.deepEqual(
    [at('srv_weight(pool/s1)'), at('srv_iweight(pool/s1)'), at('srv_uweight(pool/s1)')],
    ['7', '40', '7'],
  );
});

test('a backend knows its timeouts; 0 is none', async () => {
  assert.equal((await get(run.port('web'), '/be')).text, '3000 0');
});
