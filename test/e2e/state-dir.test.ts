import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cliBytes } from '../support/cli.ts';
import { origin } from '../support/origin.ts';
import { type Run, start } from '../support/program.ts';
import { pause, until } from '../support/wait.ts';

const CONFIG = `global
    stats socket {sock:admin} level admin
    nbthread 2
defaults base
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    server s1 {addr:s1} weight 100
    server s2 {addr:s2} weight 100
`;

async function place(t: TestContext): Promise<{ args: string[]; ports: Record<string, { port: number }> }> {
  const dir = mkdtempSync(join(tmpdir(), 'state-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const [s1, s2] = [await origin(t, () => ({ body: 's1' })), await origin(t, () => ({ body: 's2' }))];
  return { args: ['--state-dir', join(dir, 'state')], ports: { s1, s2 } };
}

async function weightOf(run: Run, server: string): Promise<string> {
  return (await run.serversState()).find((row) => row['srv_name'] === server)?.['srv_uweight'] ?? 'gone';
}

test('a process that replaces another one has what was set there, and records once that one lets go', async (t) => {
  const { args, ports } = await place(t);
  const before = await start(t, CONFIG, { args, ports });
  await before.cli('set weight be/s1 20');
  const after = await start(t, CONFIG, { args: [...args, '-sf', String(before.pid)], ports });
  assert.equal(await weightOf(after, 's1'), '20');
  await until('the journal to be free', async () => (await after.cli('set weight be/s1 30')) === '', { every: 100 });
  assert.equal(await weightOf(after, 's1'), '30');
  assert.match(await after.cli('show changes'), /100 -> 20.*20 -> 30/s);
  await before.exited;
  await before.stop();
});

test("what maps and ACLs were told outlives a kill, and reloads; a key that the file says otherwise is the file's", async (t) => {
  const { args, ports } = await place(t);
  const dir = join(args[1]!, '..');
  const files = { hosts: join(dir, 'hosts.map'), blocked: join(dir, 'blocked.acl') };
  writeFileSync(files.hosts, 'a.test s1\nb.test s1\n');
  writeFileSync(files.blocked, '192.0.2.1\n');
  const rules = `    http-request deny if { src -f ${files.blocked} }\n    http-request set-header x %[hdr(host),map(${files.hosts})]\n`;
  const config = CONFIG.replace('    default_backend', `${rules}    default_backend`);
  const first = await start(t, config, { args, ports });
  await first.cli(`set map ${files.hosts} a.test s2`);
  await first.cli(`add map ${files.hosts} c.test s2`);
  await first.cli(`add acl ${files.blocked} 198.51.100.0/24`);
  await first.cli(`del acl ${files.blocked} 192.0.2.1`);
  first.signal('SIGKILL');
  await first.stop();
  const second = await start(t, config, { args, ports });
  const content = async (run: Run, what: string) =>
    (await run.cli(`show ${what}`))
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [line.replace(/^\S+ /, '')]))
      .sort();
  assert.deepEqual(await content(second, `map ${files.hosts}`), ['a.test s2', 'b.test s1', 'c.test s2']);
  assert.deepEqual(await content(second, `acl ${files.blocked}`), ['198.51.100.0/24']);
  assert.match(
    await second.cli('show overrides'),
    /^map \S+hosts.map key a.test s2 \(override by .*; file says s1\)$/m,
  );
  writeFileSync(files.hosts, 'a.test s1\nb.test s1\nc.test s1\n');
  const reload = await second.cli('reload');
  assert.match(reload, /key c\.test was set to 's2' over '\(absent\)'; the file says 's1' now, and wins/);
  assert.deepEqual(await content(second, `map ${files.hosts}`), ['a.test s2', 'b.test s1', 'c.test s1']);
});

test('two processes do not share a state folder', async (t) => {
  const { args, ports } = await place(t);
  const first = await start(t, CONFIG, { args, ports });
  await assert.rejects(start(t, CONFIG, { args, ports }), /in use by process \d+.*--journal-trouble go-on/s);
  assert.equal(await first.cli('set weight be/s1 20'), '');
});

test('what cannot be recorded is refused, and the reason is told', async (t) => {
  const { args, ports } = await place(t);
  const first = await start(t, CONFIG, { args, ports });
  const second = await start(t, CONFIG, { args: [...args, '--journal-trouble', 'go-on'], ports });
  assert.match(second.stderr, /in use by process \d+.*overrides are not in force/s);
  assert.equal(await second.cli('set weight be/s1 20'), '', "HAProxy's answer");
  assert.equal(await weightOf(second, 's1'), '20');
  const payload = '{"changes":[{"kind":"server.weight","backend":"be","server":"s1","weight":7,"percent":false}]}';
  const answer = JSON.parse(await cliBytes(second.sock('admin'), `change <<\n${payload}\n\n`));
  assert.deepEqual([answer.ok, answer.results[0].warnings.length], [true, 1]);
  assert.match(answer.results[0].warnings[0], /in use by process \d+.*: it is not recorded$/);
  assert.equal(await weightOf(first, 's1'), '100');
});

test('a lease that ran out while nothing ran is over at start', async (t) => {
  const { args, ports } = await place(t);
  const before = await start(t, CONFIG, { args, ports });
  await before.cli('begin; set server be/s1 state maint; commit for 1s');
  await before.stop();
  await pause(1100);
  const after = await start(t, CONFIG, { args, ports });
  assert.match(after.stderr, /op-\w+ was taken back: its time was over/);
  assert.equal(await after.cli('show overrides'), '');
  assert.equal((await after.row('be/s1'))['status'], 'no check');
});

test('overrides outlast a reload; what the file says anew wins; a deleted server stays away, a renamed one keeps its name', async (t) => {
  const { args, ports } = await place(t);
  const run = await start(t, CONFIG, { args, ports });
  const more = CONFIG.replace('weight 100\n    server s2', 'weight 100 maxconn 9\n    server s2');
  for (const line of ['set weight be/s1 20', 'disable server be/s2', 'del server be/s2', 'set maxconn global 50'])
    await run.cli(line);
  run.rewrite(more);
  assert.equal((await run.cli('reload')).trim(), 'Success=1\n--');
  assert.deepEqual([await weightOf(run, 's1'), await weightOf(run, 's2')], ['20', 'gone']);
  assert.equal((await run.info())['Maxconn'], '50');
  await run.cli('set server be/s1 state maint; set server be/s1 name other; set server be/other state ready');
  run.rewrite(more.replace('weight 100 maxconn 9', 'weight 80 maxconn 9'));
  const told = await run.cli('reload');
  assert.match(told, /server be\/other weight was set to '20' over '100'; the file says '80' now, and wins/);
  assert.deepEqual([await weightOf(run, 'other'), await weightOf(run, 's1')], ['80', 'gone']);
  const entries = JSON.parse(await run.cli('show changes 50 json')) as { change: { kind: string }; text: string }[];
  const maxconn = entries.find(({ text }) => text === "the files say '9' now");
  assert.equal(maxconn?.change.kind, 'server.maxconn', 'the reload tells its differences');
  run.rewrite(more.replace(/server s2 .*/, 'server s2 127.0.0.1:9'));
  assert.match(await run.cli('reload'), /server be\/s2 presence .* the file says '127.0.0.1:9' now, and wins/);
  assert.equal(await weightOf(run, 's2'), '1');
});
