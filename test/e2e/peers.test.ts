import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { get } from '../support/connection.ts';
import { freePort } from '../support/ports.ts';
import { type Run, start } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { tableTells } from '../support/tables.ts';
import { until } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';

const DEFAULTS = httpDefaults('timeout connect 1s', 'timeout client 5s', 'timeout server 5s');

const CONFIG = `
global
  stats socket {sock:admin} level admin
  localpeer LOCAL
${DEFAULTS}
peers mesh
  peer a {addr:a}
  peer b {addr:b}
  table texts type string len 20 size 10k expire 10m store server_id,gpt(2),gpc(3),gpc_rate(2,1m),bytes_out_cnt,server_key
backend addresses
  stick-table type ip size 10k expire 5m store gpc0,http_req_rate(10s) peers mesh
backend numbers
  stick-table type integer size 10k expire 5m store gpc0 peers mesh
backend six
  stick-table type ipv6 size 10k expire 5m store gpt0 peers mesh
backend alone
  stick-table type ip size 10k expire 5m store gpc0
listen l
  bind {addr:l}
`;

const config = (local: string) => CONFIG.replace('LOCAL', local);
const ports = async () => ({ a: await freePort(), b: await freePort() });

/** Fills the first with entries of every type of key, and lets the other set some. */
async function teachBothWays(one: Run, other: Run): Promise<void> {
  await one.cli('set table addresses key 192.0.2.1 data.gpc0 5 data.http_req_rate 7');
  await one.cli('set table numbers key 42 data.gpc0 300000');
  await one.cli('set table six key 2001:db8::1 data.gpt0 9');
  await one.cli('set table mesh/texts key abc data.server_id 3 data.bytes_out_cnt 5000000000');
  await one.cli('set table alone key 192.0.2.1 data.gpc0 5');
  await tableTells(other, 'addresses', '192.0.2.1', /gpc0=5 http_req_rate\(10000\)=7/);
  await tableTells(other, 'numbers', '42', /gpc0=300000/);
  await tableTells(other, 'six', '2001:db8::1', /gpt0=9/);
  await tableTells(other, 'mesh/texts', 'abc', /server_id=3 .*bytes_out_cnt=5000000000/);
  await other.cli('set table addresses key 192.0.2.1 data.gpc0 6');
  await tableTells(one, 'addresses', '192.0.2.1', /gpc0=6/);
  assert.equal(await other.cli('show table alone key 192.0.2.1'), '', 'of a table without peers nothing is told');
}

/** Each of two nodes counts its own clients in `seen`; the second one keeps what the first tells apart, and sums up tags in `all`. */
function watched(local: 'a' | 'b'): string {
  const words = local === 'b' ? 'recv-only write-to all' : '';
  return `
global
  stats socket {sock:admin} level admin
  nbthread 2
  localpeer ${local}
${DEFAULTS}
peers mesh
  peer a {addr:a}
  peer b {addr:b}
frontend web
  bind {addr:web}
  http-request track-sc0 req.hdr(x-key) table seen
  http-request sc-inc-gpc0(0)
  http-request sc-set-gpt0(0) 7 if { path /tag }
  http-request return status 200
backend seen
  stick-table type string len 20 size 1k expire 5m ${words} store gpt0,gpc0,http_req_cnt peers mesh
backend all
  stick-table type string len 20 size 1k expire 5m store gpt0,gpc0,http_req_cnt
`;
}

describe('peers', { concurrency: true }, () => {
  it('two Sluices teach each other, and one that comes anew learns all', async (t) => {
    const where = await ports();
    const a = await start(t, config('a'), { ports: where });
    const b = await start(t, config('b'), { ports: where });
    await teachBothWays(a, b);
    for (let i = 0; i < 500; i++) await a.cli(`set table addresses key 10.0.${i >> 8}.${i & 255} data.gpc0 ${i}`);
    await b.stop();
    await a.cli('set table addresses key 10.0.0.7 data.gpc0 77777');
    const again = await start(t, config('b'), { ports: where });
    await tableTells(again, 'addresses', '10.0.0.7', /gpc0=77777/);
    await tableTells(again, 'addresses', '10.0.1.99', /gpc0=355/);
    await tableTells(again, 'mesh/texts', 'abc', /bytes_out_cnt=5000000000/);
    const info = await again.info();
    assert.equal(info['ConnectedPeers'], '1');
  });

  it('Sluice and HAProxy teach each other, whoever comes first', async (t) => {
    const where = await ports();
    const a = await start(t, config('a'), { ports: where });
    const b = await start(t, config('b'), { ports: where, program: HAPROXY });
    await teachBothWays(a, b);
    await a.stop();
    await b.cli('set table numbers key 7 data.gpc0 70');
    const again = await start(t, config('a'), { ports: where });
    await tableTells(again, 'numbers', '7', /gpc0=70/);
    await tableTells(again, 'addresses', '192.0.2.1', /gpc0=6/);
    await again.cli('set table numbers key 8 data.gpc0 80');
    await tableTells(b, 'numbers', '8', /gpc0=80/);
    const peers = await b.cli('show peers');
    assert.match(peers, /id=a\(remote,active\).*\n.*proto_err=0/);
  });

  it('a table that only receives tells nothing of its traffic, and writes tags that it is told to another one, too', async (t) => {
    const where = await ports();
    const a = await start(t, watched('a'), { ports: where });
    const b = await start(t, watched('b'), { ports: where });
    for (let i = 0; i < 3; i++) await get(a.port('web'), '/tag', 'x-key: from-a');
    for (let i = 0; i < 2; i++) await get(b.port('web'), '/tag', 'x-key: from-b');
    await tableTells(b, 'seen', 'from-a', /gpt0=7 gpc0=3 http_req_cnt=3/);
    await tableTells(b, 'all', 'from-a', /gpt0=7 gpc0=0 http_req_cnt=0/);
    await tableTells(b, 'seen', 'from-b', /gpt0=7 gpc0=2 http_req_cnt=2/);
    // What is told later comes after what was to be told before.
    await a.cli('set table seen key last data.gpc0 1');
    await tableTells(b, 'seen', 'last', /gpc0=1/);
    assert.equal(await a.cli('show table seen key from-b'), '');
    assert.equal(await b.cli('show table all key from-b'), '', 'of traffic nothing is written to the other table');
    await a.cli('set table seen key from-a data.gpt0 8');
    await tableTells(b, 'all', 'from-a', /gpt0=8/);
    // Nor does one that comes anew learn it.
    await a.stop();
    const again = await start(t, watched('a'), { ports: where });
    await get(again.port('web'), '/', 'x-key: new');
    await tableTells(b, 'seen', 'new', /gpc0=1/);
    assert.match(await again.cli('show table seen'), /used:1\n/);
  });

  it('a reload keeps sections that stay, and begins those that are new', async (t) => {
    const where = await ports();
    const a = await start(t, config('a'), { ports: where });
    const b = await start(t, config('b'), { ports: where });
    await a.cli('set table numbers key 1 data.gpc0 1');
    await tableTells(b, 'numbers', '1', /gpc0=1/);
    const connects = async () => /id=b\(remote(?:.|\n)*?new_conn=(\d+)/.exec(await a.cli('show peers'))![1];
    const before = await connects();
    a.rewrite(config('a').replace('timeout client 5s', 'timeout client 6s'));
    a.signal('SIGUSR2');
    await until('the reload', async () => (await a.cli('show info')).includes('Name'));
    await a.cli('set table numbers key 2 data.gpc0 2');
    await tableTells(b, 'numbers', '2', /gpc0=2/);
    assert.equal(await connects(), before, 'the session went on');
    a.rewrite(config('a').replace(/ {2}peer b.*\n/, ''));
    a.signal('SIGUSR2');
    await until('the peer to be gone', async () => !(await a.cli('show peers')).includes('id=b('));
  });

  it('the process that takes over has all that the one before had', async (t) => {
    const where = await ports();
    const alone = config('a').replace(/ {2}peer b.*\n/, '');
    const before = await start(t, alone, { ports: where });
    for (let i = 0; i < 200; i++) await before.cli(`set table numbers key ${i} data.gpc0 ${i}`);
    const gone = before.exited;
    const after = await start(t, alone, {
      ports: { ...where, l: before.port('l') },
      args: ['-sf', String(before.pid), '-x', before.sock('admin')],
    });
    assert.equal((await gone).code, 0);
    await before.stop();
    await tableTells(after, 'numbers', '199', /gpc0=199/);
    assert.match(await after.cli('show table'), /table: numbers, .* used:200/);
  });
});
