import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { get } from '../support/connection.ts';
import { type Run, type StartOptions, start } from '../support/program.ts';
import { operate } from './support.ts';

const CONFIG = `
global
    stats socket {sock:admin} level admin   # for operators
{global}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:web}
    default_backend be
    http-request return status 200 hdr X-Version 1
backend be
    # two machines
    server app1 127.0.0.1:1 weight 100
    server app2 127.0.0.1:2 weight 100   # the slow one
`;

const folder = mkdtempSync(join(tmpdir(), 'sluice-state-'));
process.env['STATE_DIRECTORY'] = folder;
after(() => rmSync(folder, { recursive: true, force: true }));

const version = async (run: Run) => (await get(run.port('web'))).get('x-version');
const masters = { argv: ['-W', '-f', '{config}'], program: '/usr/sbin/haproxy' } as const;

for (const [name, options] of [
  ['Sluice', {}],
  ['HAProxy', masters],
] as [string, StartOptions][]) {
  const skip = options.program && !existsSync(options.program) ? 'haproxy is not installed' : false;
  describe(name, { skip }, () => {
    const begin = (t: Parameters<typeof start>[0]) => start(t, CONFIG.replace('{global}', ''), options);

    test('what is set is shown as lines, written into the file, and nothing else there changes', async (t) => {
      const run = await begin(t);
      const before = readFileSync(run.file, 'utf8');
      assert.match((await operate(run, 'save')).stdout, /note: nothing is set that the files do not say/);
      await operate(run, 'weight', 'be/app2', '20');
      await operate(run, 'maint', 'be/app1');
      const diff = await operate(run, 'diff');
      assert.match(
        diff.stdout,
        /^\S+haproxy\.cfg:\d+\n- server app2 127\.0\.0\.1:2 weight 100 {3}# the slow one\n\+ server app2 127\.0\.0\.1:2 weight 20 {3}# the slow one$/m,
      );
      const dry = await operate(run, 'save', '--dry-run');
      assert.equal(dry.status, 0, dry.stderr);
      assert.equal(readFileSync(run.file, 'utf8'), before);
      const saved = await operate(run, 'save');
      assert.equal(saved.status, 0, saved.stderr);
      assert.match(saved.stdout, /^check \S+haproxy\.cfg: valid\ndone$/m);
      const wanted = before.replace('weight 100   #', 'weight 20   #').replace('1 weight 100', '1 weight 100 disabled');
      assert.equal(readFileSync(run.file, 'utf8'), wanted);
    });

    test('what maps and ACLs are told is written into their files, comments and order kept', async (t) => {
      const files = { 'hosts.map': '# hosts\na.test   one\nb.test two\n', 'bad.acl': '192.0.2.1\n# more\n192.0.2.2\n' };
      const rules =
        '    http-request set-header x %[hdr(host),map({dir}/hosts.map)]\n    http-request deny if { src -f {dir}/bad.acl }\n';
      const config = CONFIG.replace('{global}', '').replace(
        '    http-request return',
        `${rules}    http-request return`,
      );
      const run = await start(t, config, { ...options, files });
      await operate(run, 'map', 'set', 'hosts.map', 'a.test', 'three');
      await operate(run, 'map', 'set', 'hosts.map', 'c.test', 'four');
      await operate(run, 'map', 'del', 'hosts.map', 'b.test', '--yes');
      await operate(run, 'acl', 'add', 'bad.acl', '198.51.100.7');
      await operate(run, 'acl', 'del', 'bad.acl', '192.0.2.1', '--yes');
      assert.match((await operate(run, 'diff')).stdout, /hosts\.map:2\n- a\.test {3}one\n[\s\S]*\+ a\.test {3}three\n/);
      for (let i = 0; i < 2; i++) {
        const saved = await operate(run, 'save');
        assert.equal(saved.status, 0, saved.stderr);
        assert.equal(readFileSync(join(run.dir, 'hosts.map'), 'utf8'), '# hosts\na.test   three\nc.test four\n');
        assert.equal(readFileSync(join(run.dir, 'bad.acl'), 'utf8'), '# more\n192.0.2.2\n198.51.100.7\n');
      }
    });

    test('a file whose differences are live is put in force without a reload, another by one', async (t) => {
      const run = await begin(t);
      const { pid } = await run.info().then(({ Pid }) => ({ pid: Pid }));
      const next = join(run.dir, 'next.cfg');
      const text = readFileSync(run.file, 'utf8');
      writeFileSync(next, text.replace('weight 100   #', 'weight 30   #'));
      assert.match(
        (await operate(run, 'plan', next)).stdout,
        /^live: backend be, server app2: weight 100 -> weight 30 [\s\S]*all of it can be done live\n$/,
      );
      const applied = await operate(run, 'apply', next, '--yes');
      assert.equal(applied.status, 0, applied.stderr);
      assert.equal((await run.row('be/app2'))['weight'], '30');
      assert.equal((await run.info())['Pid'], pid);
      assert.equal(readFileSync(run.file, 'utf8'), readFileSync(next, 'utf8'));
      writeFileSync(next, readFileSync(next, 'utf8').replace('X-Version 1', 'X-Version 2'));
      assert.equal(await version(run), '1');
      const reloaded = await operate(run, 'apply', next, '--yes');
      assert.equal(reloaded.status, 0, reloaded.stderr);
      assert.equal(await version(run), '2');
    });

    test('a file that is not valid changes nothing', async (t) => {
      const run = await begin(t);
      const text = readFileSync(run.file, 'utf8');
      const next = join(run.dir, 'next.cfg');
      writeFileSync(next, text.replace('mode http', 'mode htp'));
      const applied = await operate(run, 'apply', next, '--yes');
      assert.equal(applied.status, 1);
      assert.match(applied.stderr, /htp/);
      assert.equal(readFileSync(run.file, 'utf8'), text);
      writeFileSync(run.file, text.replace('mode http', 'mode htp'));
      const reloaded = await operate(run, 'reload');
      assert.equal(reloaded.status, 1);
      assert.match(reloaded.stderr, /^failed: \S+ .*-c .*: status 1/);
      assert.equal(await version(run), '1');
    });

    test('a reload puts an edited file in force', async (t) => {
      const run = await begin(t);
      await operate(run, 'weight', 'be/app2', '20');
      writeFileSync(run.file, readFileSync(run.file, 'utf8').replace('X-Version 1', 'X-Version 2'));
      const reloaded = await operate(run, 'reload');
      assert.equal(reloaded.status, 0, reloaded.stderr);
      if (name === 'HAProxy')
        assert.match(
          reloaded.stdout,
          /^note: be\/app2 weight 20 is lost: the file says 100 \(sluice save keeps it\)$/m,
        );
      else assert.equal((await run.row('be/app2'))['weight'], '20');
      assert.equal(await version(run), '2');
    });
  });
}
