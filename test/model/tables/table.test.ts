import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DATA } from '../../../src/config/tables/data-types.ts';
import type { StickTable } from '../../../src/model/tables/table.ts';
import { integerKeys, newTable } from './new-table.ts';

/** Tables count from the date at which they are made. */
const START = Date.now();

/** Uses a key: makes its entry, and counts. */
function use(table: StickTable, key: number, now: number): number {
  table.useKeyNumber(key);
  const entry = table.openOrMake(now);
  if (entry !== 0) {
    const count = table.column(DATA['gpc0']!);
    if (count !== null) table.add(entry, count, 0, 1, now);
    table.touch(entry, now);
  }
  table.close();
  return entry;
}

/** What is counted of a key; -1 when it has no entry. */
function counted(table: StickTable, key: number, now: number): number {
  table.useKeyNumber(key);
  const entry = table.openKey(now);
  const value = entry === 0 ? -1 : table.get(entry, table.column(DATA['gpc0']!)!, 0, now);
  table.close();
  return value;
}

describe('a stick table', () => {
  it('finds what was put in, by keys of each type', () => {
    const text = newTable({ type: 'string', keyLength: 5, size: 1000 }, 'gpc0');
    for (const key of ['a', 'b', '', 'abcde', 'abcdefgh', 'a\0b']) {
      text.useKeyText(key);
      const entry = text.openOrMake(START);
      text.close();
      assert.equal(Buffer.from(text.keyOf(entry)).latin1Slice(), key.slice(0, 5).split('\0')[0]);
    }
    assert.equal(text.used, 4, 'keys are cut at the length of the table, and at a NUL');
    const binary = newTable({ type: 'binary', keyLength: 6 });
    binary.useKeyText('a\0b');
    const entry = binary.openOrMake(START);
    binary.close();
    assert.deepEqual([...binary.keyOf(entry)], [97, 0, 98, 0, 0, 0], 'binary keys are filled up with zeros');
  });

  it('keeps every kind of data apart', () => {
    const table = newTable({}, 'server_id,gpt(3),gpc(2),gpc_rate(2,1s),bytes_in_cnt,bytes_in_rate(10s),conn_cnt');
    table.useKeyNumber(7);
    const entry = table.openOrMake(START);
    for (const [c, column] of table.layout.columns.entries())
      for (let i = 0; i < column.length; i++) table.add(entry, column, i, 100 * c + i + 1, START);
    for (const [c, column] of table.layout.columns.entries())
      for (let i = 0; i < column.length; i++) assert.equal(table.get(entry, column, i, START), 100 * c + i + 1);
    const bytes = table.column(DATA['bytes_in_cnt']!)!;
    table.set(entry, bytes, 0, 2 ** 32 - 1);
    table.add(entry, bytes, 0, 2 ** 40, START);
    assert.equal(table.get(entry, bytes, 0, START), 2 ** 40 + 2 ** 32 - 1);
    table.close();
  });

  it('does not outgrow its size: what was not used for longest goes first', () => {
    const table = newTable({ size: 4, expire: 60_000 }, 'gpc0');
    for (const [i, key] of [1, 2, 3, 4, 1, 5, 2, 6].entries()) use(table, key, START + i);
    assert.deepEqual(integerKeys(table, START + 10), [1, 2, 5, 6].sort());
    assert.equal(counted(table, 1, START + 10), 2);
  });

  it('takes nothing new when it is full and must not purge, until something has expired', () => {
    const table = newTable({ size: 2, expire: 1000, nopurge: true });
    use(table, 1, START);
    use(table, 2, START + 500);
    assert.equal(use(table, 3, START + 600), 0);
    assert.notEqual(use(table, 3, START + 1100), 0);
    assert.deepEqual(integerKeys(table, START + 1100), [2, 3]);
  });

  it('keeps entries that are in use, however full and old it is', () => {
    const table = newTable({ size: 3, expire: 1000 });
    for (const key of [1, 2]) {
      use(table, key, START);
      table.useKeyNumber(key);
      const entry = table.openKey(START);
      table.use(entry, 1);
      assert.equal(table.remove(entry), false);
      table.close();
    }
    for (let key = 10; key < 50; key++) assert.notEqual(use(table, key, START + key), 0);
    table.sweep(0, START + 100_000, 100);
    assert.deepEqual(integerKeys(table, START + 100_000), [1, 2]);
  });

  it('expires entries to the millisecond, and gives their room back when it is swept', () => {
    const table = newTable({ size: 1000, expire: 5000 }, 'gpc0');
    for (let key = 0; key < 500; key++) use(table, key, START + key);
    assert.equal(counted(table, 100, START + 100 + 4999), 1);
    assert.equal(counted(table, 100, START + 100 + 5000), -1);
    assert.equal(table.sweep(0, START + 5300, 1000), false);
    assert.equal(integerKeys(table, START + 5300).length, 199);
    assert.ok(table.used <= 199 + 25, `${table.used} after the sweep`);
  });

  it('is what a simple table is', () => {
    const operation = fc.record({
      op: fc.constantFrom('use', 'use', 'use', 'find', 'remove', 'hold', 'release', 'sweep'),
      key: fc.integer({ min: 0, max: 40 }),
      wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3000 })),
    });
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 300 }),
        fc.constantFrom(0, 1000),
        fc.integer({ min: 3, max: 50 }),
        (operations, expire, size) => compareWithModel(operations, expire, size),
      ),
      { numRuns: 200 },
    );
  });

  it('lists the updates that peers are to be taught, each entry once until they were', () => {
    const table = newTable({ size: 10, peers: 'p' }, 'gpc0');
    for (const key of [1, 2, 1, 3, 2]) use(table, key, START);
    const first = table.updatesSince(0, 2);
    assert.deepEqual(
      first.updates.map(({ entry }) => Buffer.from(table.keyOf(entry)).readUInt32BE()),
      [1, 2],
    );
    const rest = table.updatesSince(first.next, 10);
    assert.deepEqual(
      rest.updates.map(({ entry }) => Buffer.from(table.keyOf(entry)).readUInt32BE()),
      [3],
    );
    table.told(rest.next);
    use(table, 1, START);
    assert.equal(table.updatesSince(rest.next, 10).updates.length, 1);
    assert.equal(table.updatesSince(rest.next, 10).lost, false);
    for (let i = 0; i < 3000; i++) {
      use(table, i % 5, START);
      table.told(table.lastUpdate);
    }
    assert.equal(table.updatesSince(rest.next, 10_000).lost, true);
  });
});

interface Operation {
  readonly op: string;
  readonly key: number;
  readonly wait: number;
}

/** Does the same to a table and to a map, and compares all they say. */
function compareWithModel(operations: readonly Operation[], expire: number, size: number): void {
  const table = newTable({ expire, size }, 'gpc0');
  const model = new Map<number, { count: number; at: number; held: number }>();
  let now = START + 1000;
  const purge = () => {
    for (const [key, one] of model) if (expire > 0 && one.held === 0 && one.at + expire <= now) model.delete(key);
  };
  for (const { op, key, wait } of operations) {
    now += wait;
    purge();
    const known = model.get(key);
    if (op === 'use') {
      const made = use(table, key, now);
      if (known !== undefined) Object.assign(known, { count: known.count + 1, at: now });
      else if (model.size < size) model.set(key, { count: 1, at: now, held: 0 });
      else {
        const idle = [...model].filter(([, one]) => one.held === 0);
        assert.equal(made !== 0, idle.length > 0);
        if (made !== 0) {
          const oldest = Math.min(...idle.map(([, one]) => one.at));
          const gone = idle.filter(([k]) => counted(table, k, now) < 0);
          assert.equal(gone.length, 1);
          // Entries of the same slot of time are told apart as far as they are looked at.
          assert.ok(gone[0]![1].at - oldest <= (expire === 0 ? 1000 : 5), `${gone[0]![1].at} went before ${oldest}`);
          model.delete(gone[0]![0]);
          model.set(key, { count: 1, at: now, held: 0 });
        }
      }
    } else if (op === 'hold' || op === 'release') {
      table.useKeyNumber(key);
      const entry = table.openKey(now);
      assert.equal(entry !== 0, known !== undefined);
      if (entry !== 0 && (op === 'hold' || known!.held > 0)) {
        table.use(entry, op === 'hold' ? 1 : -1);
        known!.held += op === 'hold' ? 1 : -1;
      }
      table.close();
    } else if (op === 'remove') {
      table.useKeyNumber(key);
      const entry = table.openKey(now);
      if (entry !== 0 && table.remove(entry)) model.delete(key);
      table.close();
      assert.ok(entry === 0 || known!.held > 0 || !model.has(key));
    } else if (op === 'sweep') table.sweep(0, now, 10);
    purge();
    assert.equal(counted(table, key, now), model.get(key)?.count ?? -1);
  }
  purge();
  assert.deepEqual(
    integerKeys(table, now),
    [...model.keys()].sort((a, b) => a - b),
  );
  for (const [key, { count }] of model) assert.equal(counted(table, key, now), count);
  assert.equal(table.used, table.entriesOf(0).length);
}
