import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { Journal } from '../../../src/change/journal/journal.ts';
import { openReader } from '../../../src/change/journal/reader.ts';
import { attempt, drain, localJournal, outcome, stateDir, threadedJournal, until } from './fixture.ts';

const asRoot = process.getuid!() === 0;
const needsRoot = { skip: asRoot ? false : 'needs root' };

async function change(journal: Journal, effects: Parameters<Journal['outcome']>[1] = []): Promise<number> {
  const [seq] = await journal.attempt([attempt('app1')]);
  await journal.outcome([outcome(seq!)], effects);
  return seq!;
}

function verdict(folder: string) {
  const reader = openReader(join(folder, 'journal.db'));
  try {
    return {
      ...reader.verify([]),
      notes: [...reader.records({})].filter((r) => r.phase === 'note').map((r) => r.text),
    };
  } finally {
    reader.close();
  }
}

/** A file system of its own for a test; null where none can be mounted. */
function tinyDisk(t: TestContext, size: string): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
  t.after(() => {
    spawnSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'sluice-test', folder], { stdio: 'ignore' });
  } catch {
    t.skip('nothing can be mounted here');
    return null;
  }
  return folder;
}

function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (const size of [65_536, 4096, 1]) for (;;) if (writeSync(fd, Buffer.alloc(size)) < size) break;
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(fd);
  }
}

for (const [kind, open] of [
  ['in this thread', localJournal],
  ['in its thread', threadedJournal],
] as const) {
  test(`${kind}: a full disk is told, and it goes on when there is room`, needsRoot, async (t) => {
    const folder = tinyDisk(t, '512k');
    if (folder === null) return;
    const journal: Journal = open(t, folder);
    const [pending] = await journal.attempt([attempt('app2')]);
    await change(journal);
    fill(join(folder, 'filler'));
    let written = 0;
    const failure = await (async () => {
      for (; ; written++) await change(journal);
    })().catch((error) => error);
    assert.equal(failure.code, 'full');
    assert.match(
      failure.message,
      new RegExp(`^database or disk is full: journal '${folder}/journal.db'; make room; it goes on by itself$`),
    );
    await until(() => journal.troubleCode === 'full');
    await assert.rejects(journal.outcome([outcome(pending!)]), { code: 'full' });
    rmSync(join(folder, 'filler'));
    await journal.outcome([outcome(pending!)]);
    assert.equal(journal.trouble, null);
    const { intact, notes } = verdict(folder);
    assert.equal(intact, true);
    assert.match(notes[1]!, /^nothing was recorded from .*, [1-9]\d* calls failed: database or disk is full/);
    assert.equal((await journal.entries({ phase: 'outcome', last: 100_000 })).length, written + 2);
  });

  test(`${kind}: a start on a full disk is told, and it goes on when there is room`, needsRoot, async (t) => {
    const folder = tinyDisk(t, '256k');
    if (folder === null) return;
    fill(join(folder, 'filler'));
    const journal = open(t, folder);
    await assert.rejects(change(journal), (error: { code: string }) => ['full', 'denied'].includes(error.code));
    assert.ok(journal.trouble);
    rmSync(join(folder, 'filler'));
    await until(() =>
      change(journal).then(
        () => true,
        () => false,
      ),
    );
    assert.equal(journal.trouble, null);
    assert.equal(verdict(folder).intact, true);
  });

  test(
    `${kind}: a file system that becomes read-only is told, and it goes on when it can be written to`,
    needsRoot,
    async (t) => {
      const folder = tinyDisk(t, '2m');
      if (folder === null) return;
      const first = open(t, folder);
      await change(first);
      await first.close();
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      const journal = open(t, folder);
      await assert.rejects(change(journal), { code: 'denied' });
      assert.match(journal.trouble!, /journal '.*'; the folder must be there/);
      execFileSync('mount', ['-o', 'remount,rw', folder]);
      await until(() =>
        change(journal).then(
          () => true,
          () => false,
        ),
      );
      assert.equal(verdict(folder).intact, true);
    },
  );

  test(`${kind}: a lock of another program is told, and it goes on when that ends`, async (t) => {
    const folder = stateDir(t);
    const journal = open(t, folder);
    await change(journal);
    const other = new DatabaseSync(join(folder, 'journal.db'));
    other.exec('BEGIN IMMEDIATE');
    await assert.rejects(change(journal), { code: 'in-use' });
    assert.equal(journal.troubleCode, 'in-use');
    other.exec('ROLLBACK');
    other.close();
    await change(journal);
    assert.equal(verdict(folder).intact, true);
  });

  test(`${kind}: the file of another program, or of a newer Sluice, is left alone`, async (t) => {
    for (const [sql, message] of [
      [
        'CREATE TABLE theirs (a); PRAGMA user_version=1',
        /^the database of another program: journal '.*'; name another state folder$/,
      ],
      [
        'PRAGMA application_id=0x534c554a; PRAGMA user_version=999',
        /^written by a newer Sluice \(schema 999, this one knows 2\): /,
      ],
    ] as const) {
      const folder = stateDir(t);
      const path = join(folder, 'journal.db');
      const theirs = new DatabaseSync(path);
      theirs.exec(sql);
      theirs.close();
      const before = readFileSync(path);
      const journal = open(t, folder);
      await assert.rejects(change(journal), { code: 'foreign', message });
      await assert.rejects(journal.entries(), { code: 'foreign' });
      await journal.close();
      assert.deepEqual(readFileSync(path), before);
    }
  });

  for (const [how, damage] of Object.entries<(path: string) => void>({
    'cut to half': (path) => truncateSync(path, statSync(path).size >> 1),
    'cut to a few bytes': (path) => truncateSync(path, 50),
    'random bytes all over': (path) => writeFileSync(path, randomBytes(statSync(path).size)),
    'a wrong header': (path) => overwrite(path, 0, Buffer.from('not a database')),
    'random pages': (path) => overwrite(path, 4096, randomBytes(statSync(path).size - 4096)),
    'another text': (path) => writeFileSync(path, 'hello\n'.repeat(1000)),
  }))
    test(`${kind}: a file with ${how} is set aside, and a new chain says so`, async (t) => {
      const folder = stateDir(t);
      const path = join(folder, 'journal.db');
      const first = open(t, folder);
      for (let i = 0; i < 50; i++) await change(first);
      await first.close();
      damage(path);
      const damaged = readFileSync(path);
      const journal = open(t, folder);
      await change(journal);
      assert.equal(journal.trouble, null);
      assert.equal((await journal.entries()).length, 2);
      const { intact, notes } = verdict(folder);
      assert.equal(intact, true);
      const [, aside] =
        /^journal \w+ of Sluice .*: the one before was damaged: .* it was set aside as '(.*)', \d+ overrides/.exec(
          notes[0]!,
        ) ?? [];
      assert.match(aside!, /journal\.db\.damaged-\d{8}T\d{6}Z$/);
      assert.equal(readFileSync(aside!).subarray(100, 4096).equals(damaged.subarray(100, 4096)), true, 'as it was');
      assert.ok(existsSync(`${aside}.head`));
    });

  test(`${kind}: overrides and leases that can still be read are taken over from a damaged file`, async (t) => {
    const folder = stateDir(t);
    const path = join(folder, 'journal.db');
    const first = open(t, folder);
    const { origin } = attempt('app1');
    const lease = { id: 'op-1', target: '', kind: 'expire', until: 5, date: 1, origin, steps: [] } as const;
    const override = {
      target: '',
      key: 'k',
      object: 'o',
      attribute: 'a',
      change: drain('app1'),
      value: 'v',
      file: 'f',
      origin,
      date: 1,
      until: null,
    };
    await change(first, [
      { put: 'lease', lease },
      { put: 'override', override },
    ]);
    await first.close();
    const db = new DatabaseSync(path);
    db.exec('DROP TABLE link');
    db.close();
    const journal = open(t, folder);
    assert.deepEqual([await journal.leases(''), await journal.overrides('')], [[lease], [override]]);
    await change(journal);
    assert.match(verdict(folder).notes[0]!, /no such table: .*, 2 overrides and leases could be read$/);
  });

  test(`${kind}: what was lost with the log of the database is told`, async (t) => {
    const folder = stateDir(t);
    const copy = stateDir(t);
    const journal = open(t, folder);
    await change(journal);
    for (const name of ['journal.db', 'journal.db.head']) copyFileSync(join(folder, name), join(copy, name));
    assert.ok(existsSync(join(folder, 'journal.db-wal')));
    const next = open(t, copy);
    await change(next);
    assert.equal(next.trouble, null);
    assert.match(verdict(copy).problem!.text, /^the chain ends at .*, but the end that was kept is 3:/);
  });

  test(`${kind}: a database that is removed or replaced while it is open is noticed`, async (t) => {
    const folder = stateDir(t);
    const journal = open(t, folder);
    await change(journal);
    renameSync(join(folder, 'journal.db'), join(folder, 'gone'));
    await change(journal);
    assert.equal((await journal.entries()).length, 2);
    assert.match(verdict(folder).problem!.text, /the end that was kept is 3:/);
  });
}

test('a folder that is removed is told and made anew by the thread', async (t) => {
  const folder = join(stateDir(t), 'state');
  const journal = threadedJournal(t, folder);
  await change(journal);
  rmSync(folder, { recursive: true });
  await assert.rejects(change(journal), { code: 'denied' });
  await until(() =>
    change(journal).then(
      () => true,
      () => false,
    ),
  );
  assert.equal(journal.trouble, null);
  assert.equal((statSync(folder).mode & 0o777).toString(8), '700');
});

test('a path through a file, and a folder without rights, are told', async (t) => {
  const folder = stateDir(t);
  writeFileSync(join(folder, 'file'), '');
  const journal = threadedJournal(t, join(folder, 'file/state'));
  await assert.rejects(change(journal), { code: 'denied' });
  assert.match(journal.trouble!, /^Not a directory: journal '/);
  mkdirSync(join(folder, 'journal.db'));
  const local = localJournal(t, folder);
  await assert.rejects(change(local), { code: 'denied' });
  if (asRoot) return;
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0o500 });
  await assert.rejects(change(localJournal(t, closed)), { code: 'denied' });
  chmodSync(closed, 0o700);
});

test('a thread of the journal that dies is told, and started again with all that was recorded', async (t) => {
  const threads: Worker[] = [];
  const note = (worker: Worker) => void threads.push(worker);
  process.on('worker', note);
  t.after(() => process.off('worker', note));
  const told: (string | null)[] = [];
  const journal = threadedJournal(t, stateDir(t), { onTrouble: (trouble) => told.push(trouble) });
  await change(journal);
  const pending = journal.attempt([attempt('app2')]);
  pending.catch(() => {});
  await threads[0]!.terminate();
  const ended = { code: 'ended', message: /^the thread of the journal has ended: exit code 1;/ };
  // It may have been recorded just before.
  const failure = await pending.then(() => null).catch((error) => error);
  assert.ok(failure === null || failure.code === 'ended', String(failure));
  await assert.rejects(change(journal), ended);
  await until(() => journal.trouble === null);
  await change(journal);
  assert.equal(threads.length, 2);
  assert.deepEqual([told.length, told.at(-1)], [2, null]);
  assert.equal((await journal.entries({ phase: 'outcome' })).length, 2);
});

test('a disk that hangs holds up nobody: calls end in time, more are refused, and it goes on', async (t) => {
  const folder = stateDir(t);
  const journal = threadedJournal(t, folder, { patience: 1500, queue: 10 });
  await change(journal);
  const other = new DatabaseSync(join(folder, 'journal.db'));
  other.exec('BEGIN IMMEDIATE');
  const calls = Array.from({ length: 15 }, () => journal.attempt([attempt('app1')]));
  const started = performance.now();
  const codes = (await Promise.allSettled(calls)).map((result) =>
    result.status === 'rejected' ? result.reason.code : 'written',
  );
  assert.deepEqual(codes, [...Array(10).fill('timeout'), ...Array(5).fill('behind')]);
  assert.ok(performance.now() - started < 6000);
  assert.match(journal.trouble!, /^the disk has not answered for \d s: journal in '/);
  other.exec('ROLLBACK');
  other.close();
  await until(() => journal.trouble === null);
  await change(journal);
  assert.equal(verdict(folder).intact, true);
});

test('a record that is too large, or nothing that can be written, is refused alone', async (t) => {
  const journal = localJournal(t, stateDir(t));
  const big = attempt('x'.repeat(17 * 1024 * 1024));
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const results = await Promise.allSettled([
    journal.attempt([attempt('app1'), big]),
    journal.attempt([{ ...attempt('app2'), change: cyclic as never }]),
    journal.attempt([attempt('app3')]),
  ]);
  assert.deepEqual(
    results.map((result) => (result.status === 'rejected' ? result.reason.code : result.value)),
    ['too-large', 'too-large', [2]],
  );
  assert.equal((await journal.entries()).length, 1);
  assert.equal(journal.trouble, null);
});

test('nothing is left behind in the folder but the journal', async (t) => {
  const folder = stateDir(t);
  const journal = localJournal(t, folder);
  await change(journal);
  await journal.close();
  assert.deepEqual(readdirSync(folder).sort(), ['journal.db', 'journal.db.head', 'journal.db.lock']);
});

function randomBytes(size: number): Buffer {
  // The same each time: a failure can be seen again.
  let state = 12345;
  return Buffer.from(Array.from({ length: size }, () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16));
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}
