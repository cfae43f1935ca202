import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { buildProxyV2 } from '../../src/net/proxy-protocol.ts';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { runToEnd, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

/* What connections, rules and variables tell of themselves, and converters that pass values on. */

const web = await origin({ after }, (seen) => ({ status: seen.target === '/created' ? 201 : 200, body: 'web' }));
const log = await syslog({ after });
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen facts
    bind {addr:facts}
    http-request return status 200 content-type text/plain lf-string "%[fc_rtt(us)] %[fc_rttvar] %[fc_unacked] %[fc_retrans] %[fc_nb_streams] %[fc_settings_streams_limit] %[fs.id] %[fs.aborted] %[fc_glitches] %[fc_err_name] %[fc_err_str] %[quic_enabled] %[internal.strm.is_htx]" if { path /client }
    http-request return status 200 content-type text/plain lf-string "%[txn.id32] %[cpu_usage_thr] %[cpu_usage_proc]" if { path /stream }
    http-request set-var(txn.b) int(7)
    http-request set-var(txn.a) hdr(x-quoted)
    http-request set-var(sess.c) bool(true)
    http-request return status 200 content-type text/plain lf-string "%[dump_all_vars] | %[dump_all_vars(txn)] | %[dump_all_vars(txn,b,;)]" if { path /vars }
    http-response set-header x-server "%[bc_rtt(us)] %[bc_nb_streams] %[bs.id] %[bc_reused] %[server_status] %[bc_settings_streams_limit]"
    http-response set-status 299
    server s {addr:web}
listen proxied
    bind {addr:proxied} accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[fc_pp_authority] %[fc_pp_unique_id] %[fc_pp_tlv(0xE0)] %[fc_pp_tlv(AUTHORITY)] %[fc_pp_tlv(ALPN)]"
frontend logged
    bind {addr:logged}
    log {addr:log} format raw local0
    log-format "%HP %[last_rule_file] %[last_rule_line] %[last_entity] <%hr> %[var(txn.p),when(normal)] %[var(txn.p),when(error)] %[var(txn.p),when(forwarded)] %[var(txn.p),when(!forwarded)] %[bc_err] %[bc_err_str]"
    http-request set-var(txn.p) path
    declare capture request len 8
    http-request set-header x-c %[path,capture-req(0)]
    http-request set-header x-d %[path,debug(seen,buf0),length,debug(long)]
    http-request deny if { path /denied }
    http-request use-service prometheus-exporter if { path /metrics }
    default_backend closed
backend closed
    retries 0
    server s 127.0.0.1:{port:nobody}
`,
  { ports: { web, log } },
);
const text = async (path: string) => (await get(run.port('facts'), path)).text;

test('the kernel and the connection tell of the client', async () => {
  assert.match(await text('/client'), /^\d+ \d+ \d+ \d+ 1 1 0 0 0 {2}Success 0 1$/);
});

test('streams have numbers of their own, and the load is known', async () => {
  const [one, two] = [await text('/stream'), await text('/stream')];
  assert.match(one, /^\d+ \d+ \d+$/);
  assert.notEqual(one.split(' ')[0], two.split(' ')[0]);
});

test('variables are dumped by scope, prefix and delimiter', async () => {
  const [all, txn, b] = (await get(run.port('facts'), '/vars', 'x-quoted: say "hi"')).text.split(' | ');
  assert.match(all!, /sess\.c=1, txn\.a="say \\"hi\\"", txn\.b=7$/);
  assert.equal(txn, 'txn.a="say \\"hi\\"", txn.b=7');
  assert.equal(b, 'txn.b=7');
});

test('the server connection tells of itself, and the status is what the server sent', async (t) => {
  const client = await connect(t, run.port('facts'));
  const first = await client.exchange('GET /created HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal(first.status, 299);
  assert.match(first.get('x-server')!, /^\d+ 1 0 0 201 1$/);
  const second = await client.exchange('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(second.get('x-server')!, /^\d+ 1 1 1 200 1$/);
});

test('TLVs of the PROXY protocol are there by name and number', async (t) => {
  const tlvs = [
    { type: 0x02, value: Buffer.from('example.test') },
    { type: 0x05, value: Buffer.from('id-1') },
    { type: 0xe0, value: Buffer.from('own') },
  ];
  const endpoint = { host: '192.0.2.1', port: 1 };
  const client = await connect(t, run.port('proxied'));
  client.send(buildProxyV2(endpoint, endpoint, tlvs));
  const answer = await client.exchange('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.equal(answer.text, 'example.test id-1 own example.test ');
});

test('the log tells which rule ended it, what was captured and what went wrong', async () => {
  await get(run.port('logged'), '/denied');
  const denied = await log.waitFor(/^\/denied .*/m);
  const line =
    1 +
    readFileSync(run.file, 'utf8')
      .split('\n')
      .findIndex((text) => text.includes('path /denied'));
  assert.match(denied, new RegExp(`^/denied ${run.file} ${line} ${run.file}:${line} <{/denied}> - /denied - /denied`));
  await get(run.port('logged'), '/failed');
  const failed = await log.waitFor(/^\/failed .*/m);
  assert.match(failed, /<{\/failed}> - \/failed - \/failed 6 General socket error/);
});

test('debug tells values to a ring', async () => {
  await get(run.port('logged'), '/debugged');
  const events = await until('it is in the ring', async () => {
    const shown = await run.cli('show events buf0');
    return shown.includes('/debugged') ? shown : null;
  });
  assert.match(events, /\[debug\] seen: type=str <\/debugged>/);
  assert.match(events, /\[debug\] long: type=sint <9>/);
});

for (const [expression, why] of [
  ['path,when(never)', /unsupported condition 'never'/],
  ['fc_rtt(h)', /TCP_INFO time unit is either 'ms' or 'us'/],
  ['fc_pp_tlv(nonsense)', /unknown TLV type 'nonsense'/],
  ['dump_all_vars(none)', /invalid scope 'none'/],
  ['path,when(acl,nobody)', /ACL 'nobody' not found/],
] as const) {
  test(`refused: ${expression}`, async () => {
    const exit = await runToEnd(
      `listen l\n    mode http\n    bind {addr:a}\n    http-request set-header x "%[${expression}]"\n`,
      { argv: ['-c', '-f', '{config}'] },
    );
    assert.equal(exit.code, 1);
    assert.match(exit.stderr, why);
  });
}
