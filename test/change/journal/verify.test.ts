import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  attemptEntry,
  type Head,
  linkAfter,
  linkHash,
  NO_HEAD,
  outcomeEntry,
} from '../../../src/change/journal/links.ts';
import { objectOf } from '../../../src/change/journal/object-of.ts';
import type { LinkRow } from '../../../src/change/journal/queries.ts';
import { openReader } from '../../../src/change/journal/reader.ts';
import { JournalStore } from '../../../src/change/journal/store.ts';
import { verifyChain } from '../../../src/change/journal/verify.ts';
import { attempt, outcome, stateDir } from './fixture.ts';

type Editable = { -readonly [K in keyof LinkRow]: LinkRow[K] };

/** A chain of attempts, each followed by its outcome. */
function chain(pairs: number): Editable[] {
  const rows: Editable[] = [];
  let head: Head = NO_HEAD;
  for (let i = 0; i < pairs; i++) {
    const made = attempt(`app${i}`, { operation: `op-${i}` });
    for (const fields of [
      attemptEntry(head.seq + 1, 1000 + i, made),
      outcomeEntry(head.seq + 2, 1001 + i, made, outcome(head.seq + 1)),
    ]) {
      const link = linkAfter(head, fields);
      const { date, phase, attempt: of, target, origin, change } = fields;
      rows.push({ ...link, date, phase, attempt: of, target, operation: origin.operation!, object: objectOf(change) });
      head = link;
    }
  }
  return rows;
}

const whole = chain(6);
const index = fc.nat({ max: whole.length - 1 });

test('a whole chain is intact, and reaches each of its ends', () => {
  const heads = whole.map(({ seq, hash }) => ({ seq, hash, from: 'test' }));
  const { intact, links, first, head } = verifyChain(whole, null, heads);
  assert.deepEqual([intact, links, first, head], [true, 12, 1, { seq: 12, hash: whole.at(-1)!.hash }]);
});

test('any single edit of an entry is found, at its number', () => {
  fc.assert(
    fc.property(
      index,
      fc.constantFrom('body', 'hash'),
      fc.nat(),
      fc.nat({ max: 0xffff }),
      (at, column, place, code) => {
        const rows = whole.map((row) => ({ ...row }));
        const row = rows[at]!;
        const text = row[column as 'body' | 'hash'];
        const where = place % text.length;
        const edited = text.slice(0, where) + String.fromCharCode(code) + text.slice(where + 1);
        fc.pre(edited !== text);
        row[column as 'body' | 'hash'] = edited;
        assert.equal(verifyChain(rows, null, []).problem?.seq, row.seq);
      },
    ),
    { numRuns: 2000 },
  );
});

test('an edit of what queries go by is found', () => {
  const edits: Partial<LinkRow>[] = [
    { date: 1 },
    { phase: 'note' },
    { attempt: 50 },
    { target: 'lb2' },
    { operation: null },
    { object: 'be_app' },
  ];
  for (const edit of edits)
    for (let at = 0; at < whole.length; at++) {
      const rows = whole.map((row, i) => (i === at ? { ...row, ...edit } : row));
      assert.equal(verifyChain(rows, null, []).problem?.seq, at + 1, JSON.stringify(edit));
    }
});

test('what is removed from the middle or the start is found', () => {
  fc.assert(
    fc.property(index, fc.integer({ min: 1, max: 12 }), (at, many) => {
      const rows = whole.filter((_, i) => i < at || i >= at + many);
      fc.pre(at + many < whole.length);
      const { problem } = verifyChain(rows, null, []);
      assert.equal(problem?.seq, at + 1);
      assert.match(problem.text, /missing/);
    }),
  );
});

test('what is cut off the end is found by an end that was kept, and only by that', () => {
  const kept = { ...whole.at(-1)!, from: 'file of the end' };
  for (let left = 0; left < whole.length; left++) {
    const rows = whole.slice(0, left);
    assert.equal(verifyChain(rows, null, []).intact, true);
    const { problem } = verifyChain(rows, null, [kept]);
    assert.equal(problem?.seq, left + 1);
    assert.match(problem.text, /missing: file of the end tells of them$/);
  }
});

test('entries that change places are found, whether their numbers go with them or not', () => {
  fc.assert(
    fc.property(index, index, fc.boolean(), (one, other, renumber) => {
      fc.pre(one < other);
      const rows = whole.map((row) => ({ ...row }));
      [rows[one], rows[other]] = [rows[other]!, rows[one]!];
      if (renumber) for (const [i, row] of rows.entries()) row.seq = i + 1;
      assert.equal(verifyChain(rows, null, []).problem?.seq, one + 1);
    }),
  );
});

test('an entry that is put in is found, even when its own hash fits', () => {
  fc.assert(
    fc.property(index, fc.boolean(), (at, hashed) => {
      const head = whole[at - 1] ?? NO_HEAD;
      const fields = attemptEntry(head.seq + 1, 1000, attempt('evil', { operation: 'op-x' }));
      const link = linkAfter(head, fields);
      const put = { ...whole[at]!, ...link, ...(hashed ? {} : { hash: whole[at]!.hash }), object: 'be_app/evil' };
      const row = { ...put, phase: 'attempt', attempt: null, date: 1000, operation: 'op-x' };
      const rows = [...whole.slice(0, at), row, ...whole.slice(at).map((r) => ({ ...r, seq: r.seq + 1 }))];
      const { problem } = verifyChain(rows, null, []);
      assert.equal(problem?.seq, hashed ? at + 2 : at + 1);
    }),
  );
});

test('a chain that was written anew from an entry on is found by an end that was kept', () => {
  const kept = { ...whole.at(-1)!, from: '--head' };
  const rows = whole.map((row) => ({ ...row }));
  rows[3]!.body = rows[3]!.body.replace('"ok":true', '"ok":false');
  let before = rows[2]!.hash;
  for (const row of rows.slice(3)) {
    row.hash = linkHash(before, row.body);
    before = row.hash;
  }
  assert.equal(verifyChain(rows, null, []).intact, true, 'it cannot be seen in the chain itself');
  assert.match(verifyChain(rows, null, [kept]).problem!.text, /^another chain: --head has another hash for 12$/);
});

/** A store whose last link is given, closed after the test. */
function store(t: TestContext, folder: string, limits = { keepEntries: 0, keepAge: 0 }, now = Date.now): JournalStore {
  const made = new JournalStore({ path: join(folder, 'journal.db'), exclusive: true, ...limits, now });
  t.after(() => made.close());
  return made;
}

function fill(made: JournalStore, many: number): void {
  for (let i = 0; i < many; i++) {
    const [seqs] = made.write([{ kind: 'attempt', attempts: [attempt(`app${i}`)] }]);
    made.write([{ kind: 'outcome', outcomes: [outcome((seqs as number[])[0]!)], effects: [] }]);
  }
}

function verdictOf(folder: string) {
  const reader = openReader(join(folder, 'journal.db'));
  try {
    return reader.verify([]);
  } finally {
    reader.close();
  }
}

test('pruning by number and by age keeps the chain verifiable, and only pruning does', (t) => {
  const folder = stateDir(t);
  let now = 1_000_000;
  const made = store(t, folder, { keepEntries: 50, keepAge: 1000 }, () => now);
  fill(made, 100);
  assert.equal(made.prune(), false);
  const pruned = verdictOf(folder);
  assert.deepEqual([pruned.intact, pruned.first, pruned.head.seq], [true, 152, 202]);
  now += 2000;
  fill(made, 3);
  made.prune();
  const aged = verdictOf(folder);
  assert.deepEqual([aged.intact, aged.first, aged.head.seq], [true, 203, 209]);
  fill(made, 3);
  new DatabaseSync(join(folder, 'journal.db')).exec('DELETE FROM link WHERE seq <= 210');
  const { problem } = verdictOf(folder);
  assert.deepEqual(problem, { seq: 1, text: 'entries 1 to 210 are missing: no note of the chain says why' });
});

test('a process that writes on after links were cut off the end says so in the chain', (t) => {
  const folder = stateDir(t);
  const made = store(t, folder);
  fill(made, 5);
  assert.equal(verdictOf(folder).intact, true);
  new DatabaseSync(join(folder, 'journal.db')).exec('DELETE FROM link WHERE seq > 8');
  fill(made, 1);
  const { problem } = verdictOf(folder);
  assert.equal(problem?.seq, 9);
  assert.match(problem.text, /^the chain ends at 8:[0-9a-f]{64}, but the end that was kept is 11:/);
});

test('links that were cut off while nobody wrote are found by the end that is kept, also when that is removed', (t) => {
  for (const sql of ['DELETE FROM link WHERE seq > 8', 'DELETE FROM link']) {
    const folder = stateDir(t);
    const path = join(folder, 'journal.db');
    const first = store(t, folder);
    fill(first, 5);
    first.close();
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
    assert.match(verdictOf(folder).problem!.text, /missing: file '.*journal\.db\.head' tells of them$/);
    const next = store(t, folder);
    fill(next, 5);
    assert.match(verdictOf(folder).problem!.text, /but the end that was kept is 11:/);
  }
});
