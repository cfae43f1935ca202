import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { program, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const asRoot = process.getuid!() === 0;

const config = `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen app
    bind {addr:app}
    server app1 127.0.0.1:1
`;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What `sluice audit` prints. */
function audit(stateDir: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(program, ['audit', ...args, '--state-dir', stateDir], { encoding: 'utf8' });
  return stdout + stderr;
}

test('--state-dir keeps the journal over a kill and a start', async (t) => {
  const stateDir = join(folder(t), 'state');
  const first = await start(t, config, { args: ['--state-dir', stateDir] });
  await first.cli('set server app/app1 state drain');
  process.kill(first.pid, 'SIGKILL');
  await first.stop();
  const second = await start(t, config, { args: ['--state-dir', stateDir] });
  await second.cli('set server app/app1 weight 50%');
  const lines = audit(stateDir, 'list').trimEnd().split('\n');
  const made = lines.map((line) => line.split(' ').slice(2).join(' '));
  assert.match(made[0]!, /^journal: journal /);
  assert.ok(
    made.some((line) => / drain app\/app1: ready -> drain ok$/.test(line)),
    lines.join('\n'),
  );
  assert.ok(
    made.some((line) => / weight app\/app1: .* ok$/.test(line)),
    lines.join('\n'),
  );
  assert.match(audit(stateDir, 'verify'), /^intact: /);
  assert.equal((statSync(stateDir).mode & 0o777).toString(8), '700');
});

test('two processes do not share a journal: the second one tells who has it and does not start, unless told to go on', async (t) => {
  const stateDir = folder(t);
  const first = await start(t, config, { args: ['--state-dir', stateDir] });
  const text = `in use by process ${first.pid}: journal '${stateDir}/journal.db'; give each its own state folder`;
  await assert.rejects(start(t, config, { args: ['--state-dir', stateDir] }), ({ message }: Error) => {
    assert.ok(message.includes(`: ${text}: overrides are not in force; repair that,`), message);
    return true;
  });
  const third = await start(t, config, { args: ['--state-dir', stateDir, '--journal-trouble', 'go-on'] });
  assert.ok(third.stderr.includes(`: journal : ${text}\n`), third.stderr);
  await third.cli('set server app/app1 state drain');
  assert.match(await third.cli('show servers state app'), / app1 127\.0\.0\.1 \d+ 8 /);
});

test('the journal belongs to the user that the process becomes', { skip: asRoot ? false : 'needs root' }, async (t) => {
  const stateDir = join(folder(t), 'state');
  chmodSync(join(stateDir, '..'), 0o755);
  const as = config.replace('global', 'global\n    user nobody\n    group nogroup');
  const run = await start(t, as, { args: ['--state-dir', stateDir] });
  await run.cli('set server app/app1 state drain');
  for (const name of ['', 'journal.db', 'journal.db-wal', 'journal.db-shm', 'journal.db.head', 'journal.db.lock'])
    assert.equal(statSync(join(stateDir, name)).uid, 65534, name);
  assert.match(audit(stateDir, 'list', '--last', '1'), / drain app\/app1: ready -> drain ok$/m);
});

test('a state folder that cannot be made is told, and the process serves when it is to go on', async (t) => {
  const path = join(folder(t), 'file');
  writeFileSync(path, '');
  const run = await start(t, config, { args: ['--state-dir', path, '--journal-trouble', 'go-on'] });
  assert.match(run.stderr, /\[WARNING\] .* : journal : .*: journal '.*\/file\/journal\.db'; the folder must be there/);
  assert.match(await run.cli('show info'), /^Name: /m);
});

test('the journal runs from source as it does from the bundle', async (t) => {
  const stateDir = folder(t);
  const run = await start(t, config, { args: ['--state-dir', stateDir], env: { SLUICE_SOURCE: '1' } });
  await run.cli('set server app/app1 state drain');
  assert.match(audit(stateDir, 'list', '--last', '1'), / drain app\/app1: ready -> drain ok$/m);
});

test('--journal-keep is how much of the record stays; what was set stays in force without its entries', async (t) => {
  const stateDir = folder(t);
  const before = await start(t, config, { args: ['--state-dir', stateDir] });
  await before.cli('set server app/app1 state drain');
  for (let n = 1; n <= 20; n++) await before.cli(`set maxconn frontend app ${n}`);
  await before.stop();
  const after = await start(t, config, { args: ['--state-dir', stateDir, '--journal-keep', '10'] });
  await after.cli('set maxconn frontend app 21');
  await until('entries to go', () => audit(stateDir, 'list', '--last', '1000').split('\n').length < 15);
  assert.match(audit(stateDir, 'verify'), /^intact: 1\d entries, 3\d to 4\d;/);
  assert.match(await after.cli('show overrides'), /app\/app1/);
});
