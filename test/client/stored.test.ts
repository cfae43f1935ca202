/** Maps, ACLs, stick tables, resolvers and peers: what a program holds for its configuration. On each program that takes the configuration. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, NotFoundError, OutOfRangeError, RefusedError, type RuntimeClient } from '../../src/client/index.ts';
import { type Run, runToEnd, start } from '../support/program.ts';
import { programs } from './programs.ts';

const config = `
global
    stats socket {sock:admin} level admin
resolvers dns
    nameserver ns1 127.0.0.1:1
peers cluster
    peer here 127.0.0.1:{port:peer}
    peer there 127.0.0.1:1
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend web
    bind {addr:web}
    acl bad path -f {dir}/bad.acl
    http-request set-header x %[path,map({dir}/hosts.map)]
    http-request deny if bad
    default_backend app
backend app
    stick-table type string len 40 size 1k expire 1h store gpc0,conn_rate(10s)
    server app1 127.0.0.1:1
`;
const files = { 'hosts.map': '/a one\n/b two words\n', 'bad.acl': '/evil\n' };
const options = { files, args: ['-L', 'here'] };

for (const { name, path, skip } of programs) {
  const refused =
    skip ||
    ((await runToEnd(config, { ...options, program: path, argv: ['-c', '-f', '{config}', '-L', 'here'] })).code !== 0 &&
      'does not take this configuration');
  describe(`the client and what ${name} holds`, { skip: refused }, () => {
    let run: Run;
    let client: RuntimeClient;
    let map: string;
    let acl: string;
    const cleanUps: (() => unknown)[] = [];
    before(async () => {
      run = await start({ after: (cleanUp) => cleanUps.push(cleanUp) }, config, { ...options, program: path });
      client = await connect(run.sock('admin'));
      map = `${run.dir}/hosts.map`;
      acl = `${run.dir}/bad.acl`;
    });
    after(async () => {
      client?.close();
      for (const cleanUp of cleanUps) await cleanUp();
    });

    test('maps are read and changed', async () => {
      const [listed] = (await client.showMaps()).filter(({ file }) => file === map);
      assert.deepEqual([listed!.curr_ver, listed!.entry_cnt], [0, 2]);
      await client.addMap(map, '/c', 'three words here');
      await client.setMap(map, '/a', 'uno');
      await client.delMap(map, '/b');
      const entries = await client.showMap(`#${listed!.id}`);
      assert.deepEqual(
        entries.map(({ key, value }) => [key, value]),
        [
          ['/a', 'uno'],
          ['/c', 'three words here'],
        ],
      );
      assert.deepEqual((await client.getMap(map, '/c')).value, 'three words here');
      assert.deepEqual((await client.getMap(map, '/zzz')).found, false);
      await assert.rejects(client.setMap(map, '/zzz', 'x'), NotFoundError);
      await assert.rejects(client.delMap(map, '/zzz'), NotFoundError);
      await assert.rejects(client.showMap('nope'), NotFoundError);
      assert.equal((await Array.fromAsync(client.mapEntries(map))).length, 2);
      await assert.rejects(Array.fromAsync(client.mapEntries('nope')), NotFoundError);
    });

    test('a map is exchanged as a whole by a version of it', async () => {
      const version = await client.prepareMap(map);
      const entries = Array.from({ length: 3000 }, (_, i) => [`/path/${i}`, `value ${i}`] as const);
      await client.addMapEntries(map, entries, { version });
      assert.equal((await client.getMap(map, '/path/7')).found, false);
      await client.commitMap(map, version);
      assert.equal((await client.getMap(map, '/path/7')).value, 'value 7');
      assert.equal((await Array.fromAsync(client.mapEntries(map))).length, 3000);
      await assert.rejects(client.commitMap(map, version + 5), OutOfRangeError);
      await client.clearMap(map);
      assert.deepEqual(await client.showMap(map), []);
      await assert.rejects(client.run(['add', 'map', map], { payload: '/only-a-key' }), RefusedError);
    });

    test('payloads and commands without one go over the same connection together', async () => {
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          i % 2 === 0
            ? client.run(['add', 'map', map], { payload: `/p${i} v\n/q${i} w\n` })
            : client.run(['get', 'map', map, `/q${i - 1}`]),
        ),
      );
      for (const [i, answer] of answers.entries()) assert.match(answer, i % 2 === 0 ? /^$/ : /found=yes.*value="w"/);
    });

    test('ACLs are read and changed', async () => {
      await client.addAcl(acl, '/worse');
      assert.equal((await client.getAcl(acl, '/worse')).key, '/worse');
      assert.deepEqual(
        (await client.showAcl(acl)).map(({ pattern }) => pattern),
        ['/evil', '/worse'],
      );
      await client.delAcl(acl, '/evil');
      const version = await client.prepareAcl(acl);
      await client.addAcl(acl, '/new', { version });
      await client.commitAcl(acl, version);
      assert.deepEqual(
        (await Array.fromAsync(client.aclEntries(acl))).map(({ pattern }) => pattern),
        ['/new'],
      );
      assert.ok((await client.showAcls()).some(({ file }) => file === acl));
      await client.clearAcl(acl);
    });

    test('stick tables are read and changed', async () => {
      assert.deepEqual(
        (await client.showTables()).map(({ name, type, size }) => [name, type, size]),
        [['app', 'string', 1024]],
      );
      const key = 'with blanks; and \\ more=x';
      await client.setTable('app', key, { gpc0: 5, conn_rate: 3 });
      await client.setTable('app', 'other', { gpc0: 1 });
      const [entry] = await client.showTable('app', { key });
      assert.deepEqual(
        [entry!.key, entry!.data, entry!.periods],
        [key, { gpc0: 5, conn_rate: 3 }, { conn_rate: 10_000 }],
      );
      assert.ok(entry!.exp > 3_000_000);
      assert.deepEqual(
        (await client.showTable('app', { data: [['gpc0', 'lt', 3]] })).map((one) => one.key),
        ['other'],
      );
      await client.clearTable('app', { key });
      assert.deepEqual(
        (await Array.fromAsync(client.tableEntries('app'))).map((one) => one.key),
        ['other'],
      );
      await client.clearTable('app');
      assert.deepEqual(await client.showTable('app'), []);
      await assert.rejects(client.showTable('nope'), NotFoundError);
      await assert.rejects(client.setTable('app', 'x', { nope: 1 }), RefusedError);
    });

    test('resolvers and peers are read', async () => {
      const resolvers = await client.showResolvers('dns');
      assert.equal(resolvers[0]!.nameservers[0]!.name, 'ns1');
      assert.equal(typeof resolvers[0]!.nameservers[0]!.counters['sent'], 'number');
      const [cluster] = await client.showPeers();
      assert.equal(cluster!.section, 'cluster');
      assert.deepEqual(cluster!.peers.map(({ id }) => id).sort(), ['here', 'there']);
      await assert.rejects(client.showResolvers('nope'), NotFoundError);
      await assert.rejects(client.showPeers('nope'), NotFoundError);
    });

    test('a transaction for certificates can be told from one that fails', async () => {
      await client.newSslCert('x.pem');
      await assert.rejects(client.setSslCert('x.pem', 'no certificate'), RefusedError);
      await assert.rejects(client.commitSslCert('x.pem'), NotFoundError);
      await client.delSslCert('x.pem');
      await assert.rejects(client.delSslCert('x.pem'), NotFoundError);
      await assert.rejects(client.showSslCert('x.pem'), NotFoundError);
      await client.newSslCaFile('ca.pem');
      assert.ok((await client.showSslCaFiles()).files.has('ca.pem'));
      await client.delSslCaFile('ca.pem');
    });
  });
}
