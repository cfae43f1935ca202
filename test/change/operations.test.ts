import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CHANGES } from '../../src/change/apply.ts';
import type { Change } from '../../src/change/change.ts';
import type { Conflict } from '../../src/change/conflicts.ts';
import type { Journal } from '../../src/change/journal/journal.ts';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import { createOperations } from '../../src/change/operations.ts';
import { serverAt } from '../control/fixture.ts';
import { type Desk, desk, origin } from './fixture.ts';

const s1 = { backend: 'be_app', server: 's1' };
const weight = (value: number): Change => ({ kind: 'server.weight', ...s1, weight: value, percent: false });
const state = (to: 'ready' | 'drain' | 'maint'): Change => ({ kind: 'server.state', ...s1, to });
const weightOf = ({ ctx }: Desk) => serverAt(ctx.model, 'be_app/s1').userWeight;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function opened(d: Desk = desk()) {
  const conflicts: Conflict[] = [];
  return { d, conflicts, operations: createOperations(d.ctx, conflicts) };
}

test('an operation is taken back whole, last step first, and done again by undoing the undo', async () => {
  const { d, operations } = opened();
  const made = await operations.apply([weight(20), state('drain'), weight(30)], origin);
  const undone = await operations.undo(made.operation, origin);
  assert.deepEqual([undone.ok, weightOf(d)], [true, 10]);
  assert.deepEqual(
    undone.judged.map(({ change, after }) => [change.kind, after]),
    [
      ['server.weight', '20'],
      ['server.state', 'ready'],
      ['server.weight', '10'],
    ],
  );
  assert.deepEqual(operations.standing.overrides(), []);
  const again = await operations.undo(undone.operation, origin);
  assert.deepEqual([again.ok, weightOf(d)], [true, 30]);
  const [entry] = await operations.journal.entries({ operation: again.operation, phase: 'outcome', last: 1 });
  assert.equal(entry?.origin.undoes, undone.operation);
});

test('what somebody else set since is left alone, and told', async () => {
  const { d, operations } = opened();
  const made = await operations.apply([state('drain'), weight(20)], origin);
  await d.apply(weight(99));
  const undone = await operations.undo(made.operation, origin);
  assert.equal(
    undone.outcomes[undone.failedAt]?.text,
    "server.weight of be_app/s1 finds '99', not '20' as it was left",
  );
  assert.deepEqual([weightOf(d), d.ctx.standing.override('server be_app/s1 state')?.value], [99, 'drain']);
});

test('undo without a name goes back operation by operation', async () => {
  const { d, operations } = opened();
  for (const value of [20, 30, 40]) await d.apply(weight(value));
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) {
    assert.equal((await operations.undo(null, origin)).ok, true);
    seen.push(weightOf(d));
  }
  assert.deepEqual(seen, [30, 20, 10]);
  const none = await operations.undo(null, origin);
  assert.equal(none.outcomes[0]?.text, "no operation is left to undo; 'show changes' lists them");
});

test('what leaves nothing behind cannot be undone, nor made for a time', async () => {
  const { operations } = opened();
  const cleared = await operations.apply([{ kind: 'counters.clear', scope: 'maxima' }, weight(20)], origin);
  assert.match(
    (await operations.undo(cleared.operation, origin)).outcomes[0]!.text,
    /^counters\.clear cannot be undone, so op-/,
  );
  const forATime = await operations.apply([weight(30), { kind: 'counters.clear', scope: 'maxima' }], origin, {
    for: 1000,
  });
  assert.deepEqual([forATime.ok, forATime.failedAt], [false, 1]);
  assert.match(forATime.outcomes[1]!.text, /^it cannot be taken back/);
  assert.equal((await operations.undo('op-nowhere00', origin)).ok, false);
});

test('an operation for a time is taken back when it is over, its overrides with it', async () => {
  const { d, operations, conflicts } = opened();
  await d.apply(weight(50));
  const made = await operations.apply([weight(20), state('maint')], origin, { for: 60 });
  assert.equal(made.lease?.kind, 'expire');
  assert.equal(d.ctx.standing.override('server be_app/s1 weight')?.until, made.lease?.until);
  await pause(250);
  assert.equal(weightOf(d), 50);
  assert.deepEqual(
    operations.standing.overrides().map(({ key, value, until }) => [key, value, until]),
    [['server be_app/s1 weight', '50', null]],
  );
  assert.deepEqual([operations.standing.leases(), conflicts], [[], []]);
  assert.equal((await operations.journal.entries({ phase: 'outcome', last: 1 }))[0]?.origin.undoes, made.operation);
});

test('an operation that is confirmed in time stays', async () => {
  const { d, operations } = opened();
  const made = await operations.apply([weight(20)], origin, { confirmWithin: 100 });
  assert.equal((await operations.confirm(made.operation, origin)).ok, true);
  assert.equal(d.ctx.standing.override('server be_app/s1 weight')?.until, null);
  await pause(200);
  assert.equal(weightOf(d), 20);
  const late = await operations.confirm(made.operation, origin);
  assert.equal(late.outcomes[0]?.text, `operation '${made.operation}' does not wait for a confirmation; none does`);
});

test('a lease ends with a conflict when what it set was changed; undoing it ends it without', async () => {
  const { d, operations, conflicts } = opened();
  const first = await operations.apply([weight(20), state('drain')], origin, { for: 50 });
  await d.apply(weight(99));
  await pause(200);
  assert.deepEqual([weightOf(d), operations.standing.leases().length, conflicts.length], [99, 0, 1]);
  assert.match(conflicts[0]!.text, new RegExp(`^${first.operation} .* finds '99', not '20' as it was left; it stays$`));
  assert.equal(d.ctx.standing.override('server be_app/s1 state')?.until, null, 'what stays has no end');
  const second = await operations.apply([state('maint')], origin, { for: 5000 });
  await operations.undo(second.operation, origin);
  assert.deepEqual(operations.standing.leases(), []);
});

test('a wall clock that jumps makes no lease longer or shorter', async () => {
  for (const jump of [-3_600_000, 3_600_000]) {
    let ahead = 0;
    const plain = desk();
    const states = { ...plain.ctx.states, now: () => Date.now() + ahead };
    const d: Desk = { ...plain, ctx: { ...plain.ctx, states } };
    const { operations } = opened(d);
    await operations.apply([weight(20)], origin, { for: 150 });
    ahead = jump;
    await operations.apply([state('drain')], origin);
    assert.equal(weightOf(d), 20);
    await pause(350);
    assert.equal(weightOf(d), 10);
    operations.close();
  }
});

test('a transaction has a limit, and a reload is no part of one', async () => {
  const { operations, d } = opened();
  const many = await operations.apply(
    Array.from({ length: MAX_CHANGES + 1 }, () => weight(20)),
    origin,
  );
  assert.match(many.outcomes[0]!.text, /^too many changes: 1001; a transaction takes 1000$/);
  const mixed = await operations.apply([weight(20), { kind: 'config.reload' }], origin);
  assert.match(mixed.outcomes[1]!.text, /^a reload cannot be part of a transaction/);
  assert.equal(weightOf(d), 10);
});

/** A journal that cannot be written from the given call on. */
function troubled(calls: 'attempt' | 'outcome'): Journal {
  const journal = memoryJournal();
  const fail = async () => {
    throw new Error('no space left on device');
  };
  return { ...journal, [calls]: fail };
}

for (const calls of ['attempt', 'outcome'] as const) {
  test(`what cannot be recorded (${calls}) is not changed, or changed with a warning`, async () => {
    const strict = desk({}, troubled(calls));
    const refused = await createOperations(strict.ctx, []).apply([weight(20)], origin);
    assert.deepEqual([refused.ok, weightOf(strict), strict.ctx.standing.overrides()], [false, 10, []]);
    assert.match(refused.outcomes[0]!.text, /^no space left on device: .*nothing was changed/);
    const lax = desk({}, troubled(calls));
    const ctx = { ...lax.ctx, goOn: true };
    const made = await createOperations(ctx, []).apply([weight(20)], origin);
    assert.deepEqual(
      [made.ok, weightOf(lax), made.warnings],
      [true, 20, ['no space left on device: it is not recorded']],
    );
    assert.equal(ctx.standing.override('server be_app/s1 weight')?.value, '20');
  });
}

test('an override that could not be recorded is recorded with the next Change', async () => {
  const journal = memoryJournal();
  let broken = true;
  const flaky: Journal = {
    ...journal,
    attempt: (attempts) => (broken ? Promise.reject(new Error('no space')) : journal.attempt(attempts)),
  };
  const ctx = { ...desk({}, flaky).ctx, goOn: true };
  const operations = createOperations(ctx, []);
  await operations.apply([weight(20)], origin);
  assert.deepEqual(await journal.overrides(''), []);
  broken = false;
  await operations.apply([state('drain')], origin);
  assert.deepEqual(
    (await journal.overrides('')).map(({ key, value }) => [key, value]),
    [
      ['server be_app/s1 state', 'drain'],
      ['server be_app/s1 weight', '20'],
    ],
  );
});

test('the layers of an object tell the file, the override and what is live', async () => {
  const { d, operations } = opened();
  await d.apply(weight(20));
  const row = operations.provenance('be_app/s1').find(({ attribute }) => attribute === 'weight')!;
  assert.deepEqual(
    [row.file, row.live, row.override?.value, row.override?.origin.from],
    ['10', '20', '20', origin.from],
  );
  await d.apply({ kind: 'server.weight', ...s1, weight: 100, percent: true });
  assert.deepEqual(operations.standing.overrides(), [], 'set back to what the file says');
  assert.deepEqual(operations.provenance('nowhere'), []);
  await d.apply({ kind: 'var.set', name: 'x', value: { type: 'str', value: 'a' } });
  assert.equal(operations.standing.override('var proc.x')?.value, 'a');
});
