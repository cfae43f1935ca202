import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { attempt, localJournal, outcome } from '../change/journal/fixture.ts';

const program = join(import.meta.dirname, '../../bin/sluice');
const folder = mkdtempSync(join(tmpdir(), 'sluice-audit-'));
after(() => rmSync(folder, { recursive: true }));

const evil = 'x"] \n2026-01-01 00:00:00 root drain be_app/app9: ok\u001b[2J\u202e\u2028\u0085\r<0>1 - -';
const journal = localJournal({ after } as never, folder, { now: () => Date.parse('2026-11-21T10:02:03') });
const why = { operation: 'op-1', ticket: 'OPS-1', reason: 'canary', actor: 'anna' };
const [one, two, three] = await journal.attempt([
  attempt('app1', why),
  attempt('app2', { operation: 'op-2', actor: evil, reason: evil, ticket: evil, from: evil }),
  attempt('app3', { operation: 'op-3' }),
]);
await journal.outcome([
  outcome(one!),
  outcome(two!, { ok: false, text: `No such server.\n${evil}`, before: '', after: '' }),
]);
assert.equal(three, 4);

/** Runs `sluice audit` on the folder. */
function audit(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const [command, ...rest] = args;
  return spawnSync(program, ['audit', command!, '--state-dir', folder, ...rest], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });
}

/** What may end a line, steer a terminal or turn the direction of writing. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

test('list tells in a line each what was done, and of attempts only those without an outcome', () => {
  const { status, stdout } = audit('list');
  const lines = stdout.trimEnd().split('\n');
  assert.equal(status, 0);
  assert.equal(lines.length, 4);
  assert.match(lines[0]!, /^2026-11-21 10:02:03 journal: journal [0-9a-f]{16} of Sluice /);
  assert.equal(lines[1], '2026-11-21 10:02:03 /run/test.sock drain be_app/app3: ready -> drain tried');
  assert.equal(lines[2], '2026-11-21 10:02:03 anna drain be_app/app1: ready -> drain (ticket OPS-1 "canary") ok');
  assert.match(
    lines[3]!,
    /^2026-11-21 10:02:03 x"\] \\n2026-01-01 .*\\x1b\[2J\\u202e\\u2028\\x85\\x0d<0>1.* failed: No such server/,
  );
});

test('no field can forge a line, in any form', () => {
  const lines = {
    list: 4,
    'export --format json': 6,
    'export --format syslog': 6,
    'export --format text': 6,
    'list --json': 4,
  };
  for (const [words, many] of Object.entries(lines)) {
    const { stdout } = audit(...words.split(' '));
    assert.doesNotMatch(stdout, UNSAFE, words);
    assert.equal(stdout.trimEnd().split('\n').length, many, words);
  }
  assert.doesNotMatch(audit('show', 'op-2').stdout, UNSAFE);
});

test('exported JSON has what was recorded, a value a line', () => {
  const records = audit('export')
    .stdout.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ seq, phase }) => [seq, phase]),
    [
      [1, 'note'],
      [2, 'attempt'],
      [3, 'attempt'],
      [4, 'attempt'],
      [5, 'outcome'],
      [6, 'outcome'],
    ],
  );
  assert.equal(records[2].origin.reason, evil);
});

test('lines of syslog are RFC 5424: what ends a value is escaped', () => {
  const lines = audit('export', '--format', 'syslog').stdout.trimEnd().split('\n');
  assert.match(
    lines[4]!,
    /^<109>1 2026-11-21T10:02:03\.000Z [!-~]+ sluice \d+ outcome \[audit@32473 seq="5" attempt="2" kind="server.state" object="be_app\/app1" ok="true" actor="anna" uid="1000" /,
  );
  assert.match(lines[5]!, /^<108>1 .* actor="x\\"\\\] \\\\n2026/);
  for (const line of lines) {
    const [, data] =
      /^<\d+>1 \S+ \S+ sluice \d+ \w+ (\[audit@32473(?: \w+="(?:[^"\\\]]|\\["\\\]])*")*\]) /.exec(line) ?? [];
    assert.ok(data, line);
  }
});

test('entries are found by operation, object, actor and date', () => {
  const seqs = (...args: string[]) =>
    audit('export', ...args)
      .stdout.split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).seq);
  assert.deepEqual(seqs('--operation', 'op-2'), [3, 6]);
  assert.deepEqual(seqs('--object', 'be_app/app1'), [2, 5]);
  assert.deepEqual(seqs('--actor', 'anna'), [2, 5]);
  assert.deepEqual(seqs('--since', '2026-11-21T10:02:04'), []);
  assert.deepEqual(seqs('--since', '2026-11-21', '--until', '2026-11-22', '--last', '2'), [5, 6]);
});

test('show tells all of an entry or an operation', () => {
  const { stdout } = audit('show', '5');
  assert.match(stdout, /^ {2}actor: {5}\{"name":"anna","pid":1,"sudoUser":null,"uid":1000\}$/m);
  assert.match(stdout, /^ {2}inverse: {3}\{"backend":"be_app".*\}$/m);
  assert.equal(audit('show', 'op-1').stdout.match(/^2026/gm)?.length, 2);
  assert.deepEqual(
    [audit('show', '99').status, audit('show', '99').stderr],
    [1, "sluice: no entry has the number or operation '99'\n"],
  );
});

test('verify: 0 intact, 1 broken with the entry, 2 when it cannot be read', () => {
  const intact = audit('verify');
  assert.equal(intact.status, 0);
  const [, head] = /^intact: 6 entries, 1 to 6; .* --head (6:[0-9a-f]{64})\n$/.exec(intact.stdout) ?? [];
  assert.equal(audit('verify', '--head', head!).status, 0);
  const other = audit(
    'verify',
    '--head',
    head!.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
  );
  assert.deepEqual(
    [other.status, other.stdout],
    [1, 'broken at entry 6: another chain: --head has another hash for 6\n'],
  );
  const db = new DatabaseSync(join(folder, 'journal.db'));
  db.exec(`UPDATE link SET body = replace(body, 'anna', 'emma') WHERE seq = 5`);
  const broken = audit('verify', '--json');
  db.exec(`UPDATE link SET body = replace(body, 'emma', 'anna') WHERE seq = 5`);
  db.close();
  assert.deepEqual([broken.status, JSON.parse(broken.stdout).problem.seq], [1, 5]);
  assert.equal(audit('verify').status, 0);
  const nothing = audit('verify', '--state-dir', '/nowhere');
  assert.deepEqual([nothing.status, nothing.stderr], [2, "sluice: there is no journal: '/nowhere/journal.db'\n"]);
  writeFileSync(join(folder, 'notes'), 'x');
  assert.equal(audit('verify', '--state-dir', join(folder, 'notes')).status, 2);
});

test('a wrong command line is told and ends with 2', () => {
  for (const [args, text] of [
    [
      ['verify', '--head', '5'],
      "sluice: --head expects SEQ:HASH as 'sluice audit verify' prints it, not '5'; see sluice audit help\n",
    ],
    [
      ['export', '--format', 'xml'],
      "sluice: no such format: 'xml'; there are json, syslog, text; see sluice audit help\n",
    ],
    [
      ['list', '--since', 'soon'],
      "sluice: --since expects a date (2026-11-21, 2026-11-21T10:02:03) or an age (30m, 2h, 7d), not 'soon'; see sluice audit help\n",
    ],
    [['list', '--last', '0'], "sluice: --last expects a number from 1 on, not '0'; see sluice audit help\n"],
  ] as const) {
    const { status, stderr } = audit(...args);
    assert.deepEqual([status, stderr], [2, text]);
  }
  assert.equal(spawnSync(program, ['audit']).status, 2);
});

test('more than a page is exported whole and in order', async (t) => {
  const many = mkdtempSync(join(tmpdir(), 'sluice-audit-'));
  t.after(() => rmSync(many, { recursive: true }));
  const long = localJournal(t, many);
  await long.attempt(Array.from({ length: 2500 }, (_, i) => attempt(`app${i}`)));
  await long.close();
  const seqs = (...args: string[]) =>
    audit('export', '--state-dir', many, ...args)
      .stdout.split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).seq);
  assert.deepEqual(
    seqs(),
    Array.from({ length: 2501 }, (_, i) => i + 1),
  );
  assert.deepEqual(
    seqs('--last', '1500'),
    Array.from({ length: 1500 }, (_, i) => i + 1002),
  );
});
