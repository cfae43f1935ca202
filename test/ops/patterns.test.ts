import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { get } from '../support/connection.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';
import { operate } from './support.ts';

const HAPROXY = '/usr/sbin/haproxy';
const CONFIG = `
    global
        stats socket {sock:admin} level admin
    defaults
        mode http
        timeout connect 5s
        timeout client 5s
        timeout server 5s
    frontend fe
        bind {addr:web}
        http-request track-sc0 src table st_src
        http-request deny deny_status 403 if { src -f {dir}/blocked.acl }
        http-request deny deny_status 429 if { src_get_gpc0(st_src) gt 0 }
        http-request return status 200 if { hdr(host),map_str({dir}/hosts.map) -m found } or TRUE
    backend st_src
        stick-table type ip size 100 expire 1h store gpc0,http_req_cnt
`;

for (const [balancer, program, skip] of [
  ['Sluice', null, isHaproxy],
  ['HAProxy', HAPROXY, existsSync(HAPROXY) ? false : 'haproxy is not installed'],
] as const)
  describe(`on ${balancer}`, { skip }, () => {
    let run: Run;
    const ends: (() => unknown)[] = [];
    before(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'sluice-state-'));
      process.env['STATE_DIRECTORY'] = folder;
      ends.push(() => rmSync(folder, { recursive: true, force: true }));
      const files = { 'hosts.map': 'a.test be_a\nb.test be_b\n', 'blocked.acl': '192.0.2.1\n' };
      run = await start(
        { after: (end) => void ends.push(end) },
        CONFIG,
        program === null ? { files } : { program, files },
      );
    });
    after(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });

    const status = async () => (await get(run.port('web'))).status;

    it('a map is shown, changed, compared, imported in one switch, and brought back', async () => {
      assert.match((await operate(run, 'map', 'show')).stdout, /hosts\.map +2 entries\n/);
      assert.equal(
        (await operate(run, 'map', 'show', 'hosts.map', 'a.test')).stdout,
        'a.test -> be_a (entry a.test)\n',
      );
      const set = await operate(run, 'map', 'set', 'hosts.map', 'a.test', 'be_green');
      assert.equal(set.status, 0, set.stderr);
      const added = await operate(run, 'map', 'set', 'hosts.map', 'c.test', 'be_c');
      assert.equal(added.status, 0, added.stderr);
      assert.equal(
        (await operate(run, 'map', 'show', 'hosts.map')).stdout,
        'a.test  be_green\nb.test  be_b\nc.test  be_c\n',
      );
      const file = join(run.dir, 'new.map');
      writeFileSync(file, '# hosts\na.test be_1\n\nd.test be_4\n');
      const diff = await operate(run, 'map', 'diff', 'hosts.map', file);
      assert.equal(
        diff.stdout,
        '~ a.test be_green -> be_1\n- b.test be_b\n- c.test be_c\n+ d.test be_4\n1 added, 2 removed, 1 changed\n',
      );
      const imported = await operate(run, 'map', 'import', 'hosts.map', file);
      assert.equal(imported.status, 0, imported.stderr);
      assert.equal((await operate(run, 'map', 'show', 'hosts.map')).stdout, 'a.test  be_1\nd.test  be_4\n');
      assert.equal((await operate(run, 'undo', imported.operation)).status, 0);
      assert.equal(
        (await operate(run, 'map', 'show', 'hosts.map', 'c.test')).stdout,
        'c.test -> be_c (entry c.test)\n',
      );
      const deleted = await operate(run, 'map', 'del', 'hosts.map', 'c.test');
      assert.equal(deleted.status, 0, deleted.stderr);
      assert.equal((await operate(run, 'map', 'show', 'hosts.map', 'c.test')).stdout, 'c.test: nothing found\n');
    });

    it('what is wrong with a map or its file is said, and nothing is changed', async () => {
      const unknown = await operate(run, 'map', 'show', 'host.map');
      assert.equal(unknown.status, 2);
      assert.match(
        unknown.stderr,
        /^unknown: there is no map 'host\.map'; there are \S+hosts\.map; did you mean 'hosts\.map'\?\n$/,
      );
      const file = join(run.dir, 'bad.map');
      writeFileSync(file, 'a.test be_1\nb.test\n');
      const bad = await operate(run, 'map', 'import', 'hosts.map', file);
      assert.match(bad.stderr, /^refused: \S+bad\.map:2: a key without a value: "b\.test"\n$/);
      writeFileSync(file, '# nothing\n');
      assert.match((await operate(run, 'map', 'import', 'hosts.map', file)).stderr, /has no entries; --empty/);
      assert.match(
        (await operate(run, 'map', 'import', 'hosts.map', `${file}x`)).stderr,
        /cannot be read: there is no such file\n$/,
      );
    });

    it('a client is blocked by an ACL and let in again', async () => {
      assert.equal(await status(), 200);
      const blocked = await operate(run, 'block', '127.0.0.1', '--in', 'blocked.acl');
      assert.equal(blocked.status, 0, blocked.stderr);
      assert.equal(await status(), 403);
      assert.match((await operate(run, 'acl', 'show', 'blocked.acl')).stdout, /^192\.0\.2\.1\n127\.0\.0\.1\n$/m);
      assert.equal((await operate(run, 'unblock', '127.0.0.1', '--in', 'blocked.acl')).status, 0);
      assert.equal(await status(), 200);
      const wide = await operate(run, 'block', '0.0.0.0/0', '--in', 'blocked.acl');
      assert.equal(wide.status, 3);
      const nowhere = await operate(run, 'block', '127.0.0.1');
      assert.match(nowhere.stderr, /^usage: --in is missing: where is it kept\? There are \S+blocked\.acl, st_src\n$/);
    });

    it('a client is blocked by a stick table, and its entry is shown and cleared', async () => {
      const blocked = await operate(run, 'block', '127.0.0.1', '--in', 'st_src');
      assert.equal(blocked.status, 0, blocked.stderr);
      assert.equal(await status(), 429);
      assert.match((await operate(run, 'table', 'show')).stdout, /^st_src +ip +1 of 100 used\n$/);
      assert.match(
        (await operate(run, 'table', 'top', 'st_src', 'http_req_cnt')).stdout,
        /^127\.0\.0\.1 +for \d+[hm]\w* +.*gpc0=1 +.*http_req_cnt=\d+/,
      );
      assert.match(
        (await operate(run, 'table', 'top', 'st_src', 'http_req_cn')).stderr,
        /did you mean 'http_req_cnt'\?/,
      );
      assert.equal((await operate(run, 'unblock', '127.0.0.1', '--in', 'st_src')).status, 0);
      assert.equal(await status(), 200);
      assert.equal((await operate(run, 'table', 'set', 'st_src', '192.0.2.9', 'gpc0=3')).status, 0);
      const cleared = await operate(run, 'table', 'clear', 'st_src', '192.0.2.9', '--yes');
      assert.equal(cleared.status, 0, cleared.stderr);
      assert.equal((await operate(run, 'table', 'show', 'st_src', '192.0.2.9')).stdout, 'no entries\n');
    });
  });
