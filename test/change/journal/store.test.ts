import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Journal, Lease, Override } from '../../../src/change/journal/journal.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../../src/change/journal/schema.ts';
import { attempt, drain, localJournal, outcome, stateDir, threadedJournal, until } from './fixture.ts';

const origin = attempt('app1').origin;
const override: Override = {
  target: '',
  key: 'server be_app/app1 state',
  object: 'be_app/app1',
  attribute: 'state',
  change: drain('app1'),
  value: 'drain',
  file: 'ready',
  origin,
  date: 1,
  until: null,
};
const lease: Lease = { id: 'op-1', target: 'lb1', kind: 'expire', until: 5, date: 1, origin, steps: [] };

for (const [kind, open] of [
  ['in this thread', localJournal],
  ['in its thread', threadedJournal],
] as const) {
  test(`${kind}: what was recorded is there when the journal is opened again`, async (t) => {
    const folder = stateDir(t);
    let journal: Journal = open(t, folder);
    const [one, two] = await journal.attempt([attempt('app1', { operation: 'op-1', actor: 'anna' }), attempt('app2')]);
    await journal.outcome(
      [outcome(two!, { ok: false, text: 'No.\n' })],
      [
        { put: 'override', override },
        { put: 'lease', lease },
      ],
    );
    await journal.close();
    journal = open(t, folder);
    await journal.outcome([outcome(one!)]);
    const entries = await journal.entries();
    assert.deepEqual(
      entries.map(({ seq, phase, attempt: of, ok, text }) => [seq, phase, of, ok, text]),
      [
        [2, 'attempt', null, null, ''],
        [3, 'attempt', null, null, ''],
        [4, 'outcome', 3, false, 'No.\n'],
        [5, 'outcome', 2, true, ''],
      ],
    );
    assert.deepEqual(entries[3]!.origin, entries[0]!.origin);
    assert.deepEqual(await journal.overrides(''), [override]);
    assert.deepEqual(await journal.leases('lb1'), [lease]);
    const other = { ...lease, target: 'lb2' };
    await journal.outcome([], [{ put: 'lease', lease: other }]);
    assert.deepEqual(await journal.leases('lb1'), [lease]);
    await journal.outcome(
      [],
      [
        { drop: 'override', target: '', key: override.key },
        { drop: 'lease', target: 'lb1', id: 'op-1' },
      ],
    );
    assert.deepEqual([...(await journal.overrides('')), ...(await journal.leases('lb1'))], []);
    assert.deepEqual(await journal.leases('lb2'), [other]);
  });

  test(`${kind}: queries give what they give in memory`, async (t) => {
    const journal = open(t, stateDir(t));
    const [one] = await journal.attempt([attempt('app1', { operation: 'op-1' })]);
    const [two] = await journal.attempt([attempt('app2', { operation: 'op-2', actor: 'anna' })]);
    await journal.outcome([outcome(two!), outcome(one!)]);
    const seqs = async (query: Parameters<typeof journal.entries>[0]) =>
      (await journal.entries(query)).map((e) => e.seq);
    assert.deepEqual(await seqs({}), [2, 3, 4, 5]);
    assert.deepEqual(await seqs({ last: 1 }), [5]);
    assert.deepEqual(await seqs({ operation: 'op-1' }), [2, 5]);
    assert.deepEqual(await seqs({ object: 'be_app/app2' }), [3, 4]);
    assert.deepEqual(await seqs({ object: 'be_app' }), [2, 3, 4, 5]);
    assert.deepEqual(await seqs({ object: 'be_ap' }), []);
    assert.deepEqual(await seqs({ actor: 'anna', phase: 'outcome' }), [4]);
    assert.deepEqual(await seqs({ before: 4 }), [2, 3]);
    assert.deepEqual(await seqs({ since: Date.now() + 60_000 }), []);
    assert.deepEqual(await seqs({ until: Date.now() + 60_000, target: '' }), [2, 3, 4, 5]);
  });

  test(`${kind}: an outcome belongs to one open attempt, and a wrong one hinders no other`, async (t) => {
    const journal = open(t, stateDir(t));
    const [one, two] = await journal.attempt([attempt('app1'), attempt('app2')]);
    const results = await Promise.allSettled([
      journal.outcome([outcome(one!), outcome(99)], [{ put: 'override', override }]),
      journal.outcome([outcome(two!)]),
      journal.outcome([outcome(two!)]),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled', 'rejected'],
    );
    assert.deepEqual(
      (await journal.entries({ phase: 'outcome' })).map((entry) => entry.attempt),
      [two],
    );
    assert.deepEqual(await journal.overrides(''), []);
    assert.equal(journal.trouble, null);
    await journal.outcome([outcome(one!)]);
  });

  test(`${kind}: calls made at once share a transaction`, async (t) => {
    const folder = stateDir(t);
    const journal = open(t, folder);
    const seqs = await Promise.all(Array.from({ length: 200 }, () => journal.attempt([attempt('app1')])));
    const before = commits(folder);
    await Promise.all(seqs.map(([seq]) => journal.outcome([outcome(seq!)])));
    const made = commits(folder) - before;
    assert.ok(made >= 1 && made <= 40, `${made} commits for 200 outcomes`);
    assert.equal((await journal.entries({ phase: 'outcome' })).length, 200);
  });

  test(`${kind}: folder and files are for their owner alone`, async (t) => {
    const folder = stateDir(t);
    const journal = open(t, folder);
    await journal.outcome([outcome((await journal.attempt([attempt('app1')]))[0]!)]);
    for (const name of ['journal.db', 'journal.db-wal', 'journal.db-shm', 'journal.db.head', 'journal.db.lock'])
      assert.equal((statSync(join(folder, name)).mode & 0o777).toString(8), '600', name);
  });

  test(`${kind}: nothing is taken after it was closed`, async (t) => {
    const journal = open(t, stateDir(t));
    const last = journal.attempt([attempt('app1')]);
    await journal.close();
    assert.deepEqual(await last, [2]);
    await assert.rejects(journal.attempt([attempt('app1')]), { code: 'ended' });
    await assert.rejects(journal.entries(), { code: 'ended' });
  });
}

test('two server processes do not share a folder: the second is told which process has it, and takes over when that ends', async (t) => {
  const folder = stateDir(t);
  const first = localJournal(t, folder);
  await first.attempt([attempt('app1')]);
  const second = localJournal(t, folder);
  await assert.rejects(second.attempt([attempt('app2')]), {
    code: 'in-use',
    message: `in use by process ${process.pid}: journal '${folder}/journal.db'; give each its own state folder`,
  });
  assert.equal(second.troubleCode, 'in-use');
  await first.close();
  assert.deepEqual(await second.attempt([attempt('app3')]), [4], 'after a note of the gap');
  assert.equal(second.trouble, null);
});

for (const [kind, open] of [
  ['in this thread', localJournal],
  ['in its thread', threadedJournal],
] as const)
  test(`${kind}: a journal that is waited for is read, refuses records, and is written once it was taken`, async (t) => {
    const folder = stateDir(t);
    const first = localJournal(t, folder);
    const [one] = await first.attempt([attempt('app1')]);
    const told: unknown[] = [];
    const second = open(t, folder, { waits: true, onTrouble: (trouble: unknown) => void told.push(trouble) });
    assert.equal(await second.take(), false);
    assert.deepEqual(
      (await second.entries()).map(({ seq }) => seq),
      [2],
    );
    await first.outcome([outcome(one!)], [{ put: 'override', override }]);
    assert.deepEqual(await second.overrides(''), [override], 'also what was written since');
    await assert.rejects(second.attempt([attempt('app2')]), {
      code: 'in-use',
      message: `process ${process.pid} has not let go of it yet: journal '${folder}/journal.db'; try again once that process is told to stop`,
    });
    await first.close();
    assert.equal(await second.take(), true);
    assert.deepEqual(await second.attempt([attempt('app3')]), [5], 'after a note of what could not be recorded');
    assert.deepEqual([second.trouble, told], [null, []]);
    const third = localJournal(t, folder);
    assert.equal(third.troubleCode, 'in-use');
  });

test('a journal that is waited for and that nobody has is there at once', async (t) => {
  const journal = threadedJournal(t, stateDir(t), { waits: true });
  assert.equal(await journal.take(), true);
  assert.deepEqual(await journal.attempt([attempt('app1')]), [2]);
});

test('programs that take turns write one chain', async (t) => {
  const folder = stateDir(t);
  const [one, two] = [localJournal(t, folder, { exclusive: false }), localJournal(t, folder, { exclusive: false })];
  const [a] = await one.attempt([attempt('app1')]);
  const [b] = await two.attempt([attempt('app2')]);
  await two.outcome([outcome(a!)]);
  await assert.rejects(one.outcome([outcome(a!)]), { code: 'unknown-attempt' });
  await one.outcome([outcome(b!)]);
  assert.deepEqual(
    (await two.entries()).map(({ seq, attempt: of }) => [seq, of]),
    [
      [2, null],
      [3, null],
      [4, 2],
      [5, 3],
    ],
  );
});

/** Transactions in the WAL: frames that have the size of the database after them (sqlite.org/fileformat.html, 4.1). */
function commits(folder: string): number {
  const wal = readFileSync(join(folder, 'journal.db-wal'));
  const page = wal.readUInt32BE(8);
  let found = 0;
  for (let at = 32; at + 24 + page <= wal.length; at += 24 + page) if (wal.readUInt32BE(at + 4) !== 0) found++;
  return found;
}

test('entries that become too old go while nothing is recorded', async (t) => {
  const folder = stateDir(t);
  let now = 1_000_000;
  const journal = localJournal(t, folder, { keepAge: 1000, ageEvery: 10, now: () => now });
  await journal.attempt([attempt('app1'), attempt('app2')]);
  now += 2000;
  await until(async () => (await journal.entries()).length === 0);
});

test('leases of a journal of the first schema are there after it is opened', async (t) => {
  const folder = stateDir(t);
  mkdirSync(folder, { recursive: true });
  const db = new DatabaseSync(join(folder, 'journal.db'));
  db.exec(`${MIGRATIONS[0]}; PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=1`);
  db.prepare('INSERT INTO lease VALUES (?, ?, ?, ?)').run(lease.id, lease.target, lease.until, JSON.stringify(lease));
  db.close();
  const journal = localJournal(t, folder);
  assert.deepEqual(await journal.leases('lb1'), [lease]);
});
