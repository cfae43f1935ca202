import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyChange } from '../../src/change/apply.ts';
import type { Change } from '../../src/change/change.ts';
import type { Conflict } from '../../src/change/conflicts.ts';
import { JournalError } from '../../src/change/journal/error.ts';
import type { Journal } from '../../src/change/journal/journal.ts';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import { createOperations } from '../../src/change/operations.ts';
import { resumeStanding } from '../../src/change/resume.ts';
import { standingOf } from '../../src/change/standing.ts';
import { type Succession, succeed } from '../../src/change/succession.ts';
import { Admin } from '../../src/model/server.ts';
import { serverAt } from '../control/fixture.ts';
import { anyChange } from './any-change.ts';
import { type Desk, desk, origin } from './fixture.ts';

const weight = (to: number): Change => ({
  kind: 'server.weight',
  backend: 'be_app',
  server: 's1',
  weight: to,
  percent: false,
});

/** All attributes of all objects, by what is live. */
function live({ ctx }: Desk): Record<string, string> {
  const operations = createOperations(ctx, []);
  const objects = ctx.model.proxies.flatMap((proxy) => [proxy.name, ...proxy.servers.map(({ path }) => path)]);
  const found = ['global', ...objects].flatMap((object) =>
    operations.provenance(object).map((one) => [`${one.type} ${one.object} ${one.attribute}`, one.live]),
  );
  operations.close();
  return Object.fromEntries(found.toSorted());
}

/** A process that starts while the one of `before` still has the journal. */
async function successor(before: Desk, goOn = false): Promise<Desk & { conflicts: Conflict[]; told: string[] }> {
  const next = desk({}, before.ctx.journal);
  const ctx = { ...next.ctx, goOn, standing: await standingOf(before.ctx.journal) };
  await resumeStanding(ctx, null);
  return { ...next, ctx, conflicts: [], told: [] };
}

function wait(next: Desk & { conflicts: Conflict[]; told: string[] }, more: Partial<Succession> = {}): Promise<void> {
  return succeed(next.ctx, next.conflicts, {
    take: async () => true,
    print: (severity, text) => void next.told.push(`${severity} ${text}`),
    signal: new AbortController().signal,
    ...more,
  });
}

test('what the process before changed after its journal was read is in force when the journal is taken', async () => {
  const changes = fc.array(anyChange, { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(changes, changes, async (earlier, later) => {
      const before = desk({}, memoryJournal());
      for (const change of earlier) await before.apply(change);
      const next = await successor(before);
      for (const change of later) await before.apply(change);
      await wait(next);
      assert.deepEqual(live(next), live(before));
      assert.deepEqual([next.conflicts, next.told], [[], []]);
      const standing = ({ ctx }: Desk) => ctx.standing.overrides().toSorted((a, b) => (a.key < b.key ? -1 : 1));
      assert.deepEqual(standing(next), standing(before));
    }),
    { numRuns: 300 },
  );
});

test('a server that was added in place of one of the file is there after a restart, and makes room when it is gone', async () => {
  const before = desk({}, memoryJournal());
  const s3 = { backend: 'be_app', server: 's3' } as const;
  await before.apply({ kind: 'server.del', ...s3 });
  await before.apply({ kind: 'server.add', ...s3, addr: '127.0.0.9:1', from: null, words: [] });
  const next = await successor(before);
  assert.equal(serverAt(next.ctx.model, 'be_app/s3').host, '127.0.0.9');
  await before.apply({ kind: 'server.del', ...s3 });
  await before.apply({ kind: 'server.add', ...s3, addr: '', from: 'file', words: [] });
  await wait(next);
  assert.deepEqual(live(next), live(before));
  assert.deepEqual(next.conflicts, []);
});

test('Changes wait for the journal, come after what the process before did, and are recorded', async () => {
  const before = desk({}, memoryJournal());
  await before.apply(weight(20));
  const next = await successor(before);
  assert.equal(serverAt(next.ctx.model, 'be_app/s1').userWeight, 20, 'what stood is in force at once');
  let theirs = true;
  const done = wait(next, { take: async () => !theirs });
  const change = applyChange({ kind: 'server.state', backend: 'be_app', server: 's1', to: 'drain' }, next.ctx, origin);
  await before.apply(weight(30));
  theirs = false;
  assert.equal((await change).ok, true);
  await done;
  const { userWeight } = serverAt(next.ctx.model, 'be_app/s1');
  const entries = await next.ctx.journal.entries({ phase: 'outcome' });
  assert.deepEqual(
    [userWeight, entries.map((entry) => entry.change.kind)],
    [30, ['server.weight', 'server.weight', 'server.state']],
  );
});

test('Changes are refused when the process before does not let go in time; that is told once, and its end too', async () => {
  const next = await successor(desk({}, refusing()));
  let theirs = true;
  const done = wait(next, { take: async () => !theirs, patience: 50 });
  const { ok, text } = await applyChange(weight(40), next.ctx, origin);
  assert.deepEqual([ok, text], [false, 'it has not let go: nothing was changed, because it could not be recorded']);
  theirs = false;
  await done;
  assert.deepEqual(next.told, [
    'WARNING journal : the process that is replaced has not let go of the journal; changes are refused until then.',
    'NOTICE journal : it is this process that records changes now.',
  ]);
});

test('what was made here without a record, when that is allowed, stays when the journal is taken', async () => {
  const memory = memoryJournal();
  const before = desk({}, memory);
  await before.apply(weight(20));
  let theirs = true;
  const journal: Journal = {
    ...memory,
    attempt: (attempts) => (theirs ? refusing().attempt(attempts) : memory.attempt(attempts)),
  };
  const next = await successor({ ...before, ctx: { ...before.ctx, journal } }, true);
  const done = wait(next, { take: async () => !theirs, patience: 0 });
  await applyChange(weight(40), next.ctx, origin);
  await before.apply(weight(30));
  await before.apply({ kind: 'server.state', backend: 'be_app', server: 's1', to: 'drain' });
  theirs = false;
  await done;
  const { userWeight, admin } = serverAt(next.ctx.model, 'be_app/s1');
  assert.deepEqual([userWeight, admin & Admin.forcedDrain], [40, Admin.forcedDrain]);
});

test('the waiting ends when the process does, and holds up nothing', async () => {
  const next = await successor(desk({}, refusing()));
  const ending = new AbortController();
  const done = wait(next, { take: async () => false, signal: ending.signal });
  const change = applyChange(weight(40), next.ctx, origin);
  ending.abort();
  await done;
  assert.equal((await change).ok, false);
  assert.deepEqual(next.told, []);
});

test('overrides that give way to the file are told and dropped when the journal is taken, not before', async () => {
  const before = desk({}, memoryJournal());
  await before.apply(weight(20));
  const edited = desk({}, before.ctx.journal);
  const server = serverAt(edited.ctx.model, 'be_app/s1');
  server.config = { ...server.config, weight: 5 };
  server.userWeight = server.initialWeight = 5;
  const ctx = { ...edited.ctx, standing: await standingOf(before.ctx.journal) };
  await resumeStanding(ctx, null);
  assert.deepEqual([server.userWeight, (await ctx.journal.overrides('')).length], [5, 1]);
  const next = { ...edited, ctx, conflicts: [] as Conflict[], told: [] };
  await wait(next);
  assert.deepEqual(
    [server.userWeight, await ctx.journal.overrides(''), next.conflicts.map(({ kind }) => kind)],
    [5, [], ['file']],
  );
});

/** A journal that another process has. */
function refusing(): Journal {
  const attempt = async () => {
    throw new JournalError('in-use', 'it has not let go');
  };
  return { ...memoryJournal(), attempt };
}
