import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it, suite } from 'node:test';
import type { PeersSection } from '../../../src/control/peers/section.ts';
import { freePort } from '../../support/ports.ts';
import { start } from '../../support/program.ts';
import { until } from '../../support/wait.ts';
import { FakeTable, section } from './support.ts';

const HAPROXY = '/usr/sbin/haproxy';

const ports = async () => ({ a: await freePort(), b: await freePort() });
const ready = (made: PeersSection) => until('the end of learning', () => made.resync.finished);

suite('peers', { concurrency: true }, () => {
  describe('two sections of peers', { concurrency: true }, () => {
    it('teach each other all there is, and what changes', async (t) => {
      const where = await ports();
      const one = new FakeTable();
      const two = new FakeTable();
      for (let i = 0; i < 5000; i++) one.set(`first${i}`, i, `srv${i % 200}`);
      const a = await section(t, 'a', where, one);
      await ready(a);
      two.set('second', 7);
      const b = await section(t, 'b', where, two);
      await ready(b);
      assert.equal(two.all.size, 5001);
      for (const [key, { values, text }] of one.all) {
        const got = two.all.get(key);
        if (key !== 'second') assert.deepEqual([got?.values[0], got?.text], [values[0], text], key);
      }
      await until('the change to arrive', () => one.all.get('second')?.values[0] === 7);
      one.set('live', 1);
      two.set('first1', 77, 'other');
      await until('both changes', () => two.all.get('live') && one.all.get('first1')?.values[0] === 77);
      const [lesson] = a.peers[1]!.lessons;
      await until('the acknowledgement', () => lesson!.update === one.localUpdate());
      assert.equal(a.peers[1]!.counters.errors + b.peers[0]!.counters.errors, 0);
    });

    it('survive a cut: what changed meanwhile is taught, and no more', async (t) => {
      const where = await ports();
      const [one, two] = [new FakeTable(), new FakeTable()];
      const a = await section(t, 'a', where, one);
      const b = await section(t, 'b', where, two);
      await Promise.all([ready(a), ready(b)]);
      for (let i = 0; i < 100; i++) one.set(`k${i}`, i);
      await until('all of them', () => two.all.size === 100);
      await until('the acknowledgement', () => a.peers[1]!.lessons[0]!.update === 100);
      two.learned = 0;
      a.peers[1]!.session!.close();
      one.set('k5', 1000);
      one.set('new', 1);
      await until('both', () => two.all.get('k5')?.values[0] === 1000 && two.all.has('new'));
      assert.equal(two.learned, 2);
    });

    it('go on where numbers of updates wrap', async (t) => {
      const where = await ports();
      const [one, two] = [new FakeTable(33, 2 ** 32 - 10), new FakeTable()];
      const a = await section(t, 'a', where, one);
      const b = await section(t, 'b', where, two);
      await Promise.all([ready(a), ready(b)]);
      for (let i = 0; i < 30; i++) one.set(`k${i}`, i);
      await until('all of them', () => two.all.size === 30);
      await until('the acknowledgement', () => a.peers[1]!.lessons[0]!.update === 21);
    });

    it('teach a peer the keys of its shard, all at once and as they change', async (t) => {
      const where = await ports();
      const [one, two] = [new FakeTable(), new FakeTable()];
      const isOfTwo = (key: string) => key.charCodeAt(key.length - 1) % 3 === 1;
      for (let i = 0; i < 100; i++) one.set(`first${i}`, i);
      const a = await section(t, 'a', where, one, { shards: 3, shardOf: { b: 2 } });
      await ready(a);
      const b = await section(t, 'b', where, two, { shards: 3 });
      await ready(b);
      for (let i = 0; i < 100; i++) one.set(`live${i}`, i);
      await until('the acknowledgement', () => a.peers[1]!.lessons[0]!.lastPushed === one.localUpdate());
      const wanted = [...one.all].filter(([key]) => isOfTwo(key));
      await until('the last one', () => two.all.size === wanted.length);
      for (const [key, { values }] of wanted) assert.equal(two.all.get(key)?.values[0], values[0], key);
      assert.equal(b.peers[0]!.counters.errors, 0);
    });

    it('do not learn a table that is another under the same name', async (t) => {
      const where = await ports();
      const [one, two] = [new FakeTable(33), new FakeTable(20)];
      one.set('k', 1);
      const a = await section(t, 'a', where, one);
      await ready(a);
      const b = await section(t, 'b', where, two);
      await ready(b);
      one.set('l', 1);
      await until('the push', () => a.peers[1]!.lessons[0]!.lastPushed === 2);
      assert.equal(two.told, '');
    });
  });

  /** What a stranger gets who says this. */
  async function answer(port: number, ...said: (string | Buffer)[]): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    const got: Buffer[] = [];
    socket.on('data', (bytes) => got.push(bytes as Buffer));
    for (const bytes of said) socket.write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
    return Buffer.concat(got).toString('latin1');
  }

  describe('a bad peer', { concurrency: true }, () => {
    it('is refused by what it says first', async (t) => {
      const where = await ports();
      await section(t, 'a', where, new FakeTable());
      const CASES: readonly [string, string][] = [
        ['GET / HTTP/1.1\r\n\r\n', '501\n'],
        ['HAProxyS 2.9\n', '502\n'],
        ['HAProxyS 2.1\nx\nb 1 1\n', '503\n'],
        ['HAProxyS 2.1\na\nstranger 1 1\n', '504\n'],
      ];
      for (const [said, wanted] of CASES) assert.equal(await answer(where.a, said), wanted, said);
    });

    it('is told what is wrong with its messages, and harms nobody', async (t) => {
      const where = await ports();
      const table = new FakeTable();
      const a = await section(t, 'a', where, table);
      const hello = 'HAProxyS 2.1\na\nb 1 1\n';
      // 200, the request for a resync, then an error of size or of protocol.
      const CASES: readonly [string, string][] = [
        ['0a80f0ffffff01', '\x01\x01'],
        ['ff00', '\x01\x00'],
        ['0a8201f0', '\x01\x00'],
      ];
      for (const [hex, wanted] of CASES) {
        const got = await answer(where.a, hello, Buffer.from(hex, 'hex'));
        assert.ok(got.startsWith('200\n') && got.endsWith(wanted), `${hex}: ${JSON.stringify(got)}`);
      }
      assert.equal(a.peers[1]!.counters.errors, 3);
      assert.equal(table.told, '');
    });

    it('that says nothing does not keep others out', async (t) => {
      const where = await ports();
      const a = await section(t, 'a', where, new FakeTable());
      const silent: Socket[] = [];
      for (let i = 0; i < 40; i++) silent.push(connect(where.a, '127.0.0.1').on('error', () => {}));
      t.after(() => silent.map((socket) => socket.destroy()));
      await until('the limit', () => a.sessions.active > 10);
      assert.ok(a.sessions.active <= 18, String(a.sessions.active));
      const b = await section(t, 'b', where, new FakeTable());
      await until('a session', () => a.sessions.connected === 1 && b.sessions.connected === 1, { ms: 12_000 });
    });
  });

  describe('the process that takes over', { concurrency: true }, () => {
    it('is taught by the one before', async (t) => {
      const where = { a: await freePort(), b: await freePort() };
      const [old, young] = [new FakeTable(), new FakeTable()];
      for (let i = 0; i < 1000; i++) old.set(`k${i}`, i);
      const before = await section(t, 'a', { ...where, a: await freePort() }, old);
      await ready(before);
      const after = await section(t, 'a', where, young, { awaitsOldProcess: true });
      // The old one listens no more: the address is the new one's.
      Object.assign(before.local.target!.to, { port: where.a });
      await before.handOver();
      assert.equal(young.all.size, 1000);
      assert.ok(after.resync.flags & 0x0100_0000, 'learned from the local one');
    });

    it('goes on alone when there is none', async (t) => {
      const before = await section(t, 'a', { a: await freePort() }, new FakeTable());
      Object.assign(before.local.target!.to, { port: await freePort() });
      const began = Date.now();
      await before.handOver();
      assert.ok(Date.now() - began < 7000);
    });
  });

  describe('a section of peers and HAProxy', { concurrency: true }, () => {
    const CONFIG = `
    global
      stats socket {sock:admin} level admin
      localpeer b
    defaults
      timeout connect 1s
      timeout client 5s
      timeout server 5s
    peers mesh
      peer a {addr:a}
      peer b {addr:b}
    backend t
      stick-table type string len 32 size 10k expire 10m store gpc0,http_req_rate(10s),server_key peers mesh
`;

    it('teach each other, survive a cut of either and resynchronise', async (t) => {
      const where = { a: await freePort(), b: await freePort() };
      const table = new FakeTable();
      for (let i = 0; i < 3000; i++) table.set(`a${i}`, i, `srv${i % 150}`);
      const a = await section(t, 'a', where, table);
      await ready(a);
      const haproxy = await start(t, CONFIG, { program: HAPROXY, ports: where });
      const used = async () => /used:(\d+)/.exec(await haproxy.cli('show table'))?.[1];
      await until('HAProxy to learn all', async () => (await used()) === '3000', { every: 100 });
      assert.match(await haproxy.cli('show table t key a77'), /server_key=srv77 gpc0=77|gpc0=77 .*server_key=srv77/);
      await haproxy.cli('set table t key theirs data.gpc0 5');
      await until('the other way', () => table.all.get('theirs')?.values[0] === 5);
      table.set('a1', 1111);
      await until('a change', async () => (await haproxy.cli('show table t key a1')).includes('gpc0=1111'));
      a.peers[1]!.session!.close();
      table.set('a2', 2222);
      await haproxy.cli('set table t key theirs data.gpc0 6');
      await until('a change after the cut', async () =>
        (await haproxy.cli('show table t key a2')).includes('gpc0=2222'),
      );
      await until('the other way', () => table.all.get('theirs')?.values[0] === 6);
      assert.equal(a.peers[1]!.counters.errors, 0);
    });

    it('learn what HAProxy knows', async (t) => {
      const where = { a: await freePort(), b: await freePort() };
      const haproxy = await start(t, CONFIG, { program: HAPROXY, ports: where });
      for (let i = 0; i < 50; i++) await haproxy.cli(`set table t key k${i} data.gpc0 ${i}`);
      const table = new FakeTable();
      const a = await section(t, 'a', where, table);
      await ready(a);
      await until('all of it', () => table.all.size === 50);
      assert.equal(table.all.get('k7')?.values[0], 7);
    });
  });
});
