import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { issue } from '../support/pki.ts';
import { freePort } from '../support/ports.ts';
import { type Run, start } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { tableTells } from '../support/tables.ts';
import { type Scope, until } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';

const authority = issue({ name: 'peers', ca: true });
const strangers = issue({ name: 'strangers', ca: true });
const own = issue({ name: 'lb.test', dns: ['lb.test'], issuer: authority });
const foreign = issue({ name: 'lb.test', dns: ['lb.test'], issuer: strangers });
const files = { 'own.pem': own.pem, 'foreign.pem': foreign.pem, 'ca.pem': authority.certificate };

interface Node {
  readonly local: 'a' | 'b';
  /** The other one is not connected to: where it seems to be nobody listens. */
  readonly passive?: boolean;
  readonly certificate?: string;
  readonly verifyClients?: boolean;
  /** More words on the other one's line. */
  readonly more?: string;
}

function config({ local, passive = false, certificate = 'own.pem', verifyClients = true, more = '' }: Node): string {
  const other = local === 'a' ? 'b' : 'a';
  const trust = 'verify required ca-file {dir}/ca.pem';
  return `
global
  stats socket {sock:admin} level admin
  localpeer ${local}
${httpDefaults('timeout connect 1s', 'timeout client 5s', 'timeout server 5s')}
peers mesh
  bind {addr:${local}} ssl crt {dir}/${certificate} ${verifyClients ? trust : ''}
  default-server ssl crt {dir}/${certificate} ${trust}
  server ${local}
  server ${other} {addr:${passive ? 'nobody' : other}} ${more}
backend addresses
  stick-table type ip size 10k expire 5m store gpc0 peers mesh
listen l
  bind {addr:l}
`;
}

const ports = async () => ({ a: await freePort(), b: await freePort(), nobody: await freePort() });

function begin(scope: Scope, node: Node, where: Record<string, number>, program?: string): Promise<Run> {
  return start(scope, config(node), { ports: where, files, ...(program === undefined ? {} : { program }) });
}

const set = (run: Run, key: string, value: number) => run.cli(`set table addresses key ${key} data.gpc0 ${value}`);

const tells = (run: Run, key: string, value: number) => tableTells(run, 'addresses', key, new RegExp(`gpc0=${value}$`));

async function teachBothWays(one: Run, other: Run, first: number): Promise<void> {
  await set(one, '192.0.2.1', first);
  await tells(other, '192.0.2.1', first);
  await set(other, '192.0.2.1', first + 1);
  await tells(one, '192.0.2.1', first + 1);
}

describe('peers over TLS', () => {
  it('teach each other, and go on where they were after a cut', async (t) => {
    const where = await ports();
    const a = await begin(t, { local: 'a', passive: true }, where);
    const b = await begin(t, { local: 'b' }, where);
    await teachBothWays(a, b, 1);
    assert.match(await a.cli('show peers'), /xprt=SSL src=127\.0\.0\.1:/);
    assert.equal((await b.info())['CurrSslConns'], '1');
    await b.stop();
    await set(a, '192.0.2.2', 7);
    const again = await begin(t, { local: 'b' }, where);
    await tells(again, '192.0.2.2', 7);
    await tells(again, '192.0.2.1', 2);
  });

  it('teach HAProxy and learn of it, whoever connects', async (t) => {
    for (const connects of ['sluice', 'haproxy']) {
      const where = await ports();
      const a = await begin(t, { local: 'a', passive: connects === 'haproxy' }, where);
      const b = await begin(t, { local: 'b', passive: connects === 'sluice' }, where, HAPROXY);
      await teachBothWays(a, b, 1);
      assert.match(await b.cli('show peers'), /id=a\(remote,active\).*\n.*proto_err=0/, connects);
      await a.stop();
      await set(b, '192.0.2.3', 9);
      const again = await begin(t, { local: 'a', passive: connects === 'haproxy' }, where);
      await tells(again, '192.0.2.3', 9);
      await b.stop();
    }
  });

  it('do not speak with one whose certificate is another authority’s, and say why', async (t) => {
    const where = await ports();
    const a = await begin(t, { local: 'a' }, where);
    const b = await begin(t, { local: 'b', passive: true, certificate: 'foreign.pem', verifyClients: false }, where);
    await until('the reason', () => /no TLS with peer 'b': /.test(a.stderr));
    await set(b, '192.0.2.4', 4);
    assert.equal(await a.cli('show table addresses'), '# table: addresses, type: ip, size:10240, used:0');
    assert.match(await a.cli('show peers'), /id=b\(remote,.*app_state=STOPPED/);
  });

  it('let nobody in without a certificate of theirs', async (t) => {
    const where = await ports();
    const a = await begin(t, { local: 'a', passive: true }, where);
    const b = await begin(t, { local: 'b', certificate: 'foreign.pem', verifyClients: false }, where);
    await set(b, '192.0.2.5', 5);
    await until('an attempt', async () => /new_conn=[1-9]/.test(await b.cli('show peers')));
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.match(await a.cli('show peers'), /id=b\(remote,.*app_state=STOPPED/);
    assert.equal((await a.info())['ConnectedPeers'], '0');
  });

  it('are held to the name that verifyhost gives', async (t) => {
    const where = await ports();
    const a = await begin(t, { local: 'a', more: 'verifyhost other.test' }, where);
    await begin(t, { local: 'b', passive: true }, where);
    await until('the reason', () => /no TLS with peer 'b': HOSTNAME_MISMATCH/.test(a.stderr));
    a.rewrite(config({ local: 'a', more: 'verifyhost lb.test' }));
    a.signal('SIGUSR2');
    await until('a session', async () => (await a.info())['ConnectedPeers'] === '1', { ms: 15_000 });
  });

  it('show the certificate that was set last', async (t) => {
    const where = await ports();
    const node: Node = { local: 'b', passive: true, certificate: 'foreign.pem', verifyClients: false };
    const a = await begin(t, { local: 'a' }, where);
    const b = await begin(t, node, where);
    await until('the reason', () => /no TLS with peer 'b'/.test(a.stderr));
    const file = b.file.replace(/haproxy\.cfg$/, 'foreign.pem');
    assert.match(await b.cli(`set ssl cert ${file} <<\n${own.pem}\n`), /Transaction created/);
    assert.match(await b.cli(`commit ssl cert ${file}`), /Success!/);
    await until('a session', async () => (await a.info())['ConnectedPeers'] === '1', { ms: 15_000 });
    await teachBothWays(a, b, 1);
  });
});
