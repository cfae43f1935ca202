import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../src/change/change.ts';
import type { Conflict } from '../../src/change/conflicts.ts';
import type { Journal } from '../../src/change/journal/journal.ts';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import { createOperations } from '../../src/change/operations.ts';
import { resumeStanding } from '../../src/change/resume.ts';
import { standingOf } from '../../src/change/standing.ts';
import type { ServerConfig } from '../../src/config/types.ts';
import { findProxy, type Model } from '../../src/model/model.ts';
import { serverAt } from '../control/fixture.ts';
import { anyChange } from './any-change.ts';
import { type Desk, desk, origin } from './fixture.ts';

/** A process that starts on a journal: what it told, and its conflicts. `edit`: what the file says otherwise now. */
async function restart(
  journal: Journal,
  edit: (model: Model) => void = () => {},
): Promise<Desk & { conflicts: Conflict[]; told: readonly string[] }> {
  const fresh = desk({}, journal);
  edit(fresh.ctx.model);
  const d = { ...fresh, ctx: { ...fresh.ctx, standing: await standingOf(journal) } };
  const conflicts: Conflict[] = [];
  const told = await resumeStanding(d.ctx, conflicts);
  return { ...d, conflicts, told };
}

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

/** Another line of the file for a server. */
function editServer(path: string, change: Partial<ServerConfig>): (model: Model) => void {
  return (model) => {
    const server = serverAt(model, path);
    server.config = { ...server.config, ...change };
    server.userWeight = server.initialWeight = server.config.weight;
  };
}

test('a process that starts again has all that was set before, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyChange, { minLength: 1, maxLength: 10 }), async (changes) => {
      const journal = memoryJournal();
      const before = desk({}, journal);
      for (const change of changes) await before.apply(change);
      const after = await restart(journal);
      assert.deepEqual(live(after), live(before));
      assert.deepEqual(after.conflicts, []);
      const standing = ({ ctx }: Desk) => ctx.standing.overrides().toSorted((a, b) => (a.key < b.key ? -1 : 1));
      assert.deepEqual(standing(after), standing(before));
      for (const d of [before, after]) d.ctx.states.close();
    }),
    { numRuns: 300 },
  );
});

test('an override is what differs from the file, whatever was set in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyChange, { minLength: 1, maxLength: 8 }), async (changes) => {
      const d = desk();
      for (const change of changes) await d.apply(change);
      const operations = createOperations(d.ctx, []);
      const objects = d.ctx.model.proxies.flatMap((proxy) => [proxy.name, ...proxy.servers.map(({ path }) => path)]);
      for (const { same, override, object, attribute, live: value } of ['global', ...objects].flatMap(
        operations.provenance,
      )) {
        if (same) assert.equal(override, null, `${object} ${attribute}`);
        if (override) assert.equal(override.value, value, `${object} ${attribute}`);
      }
      operations.close();
      d.ctx.states.close();
    }),
    { numRuns: 200 },
  );
});

const weight = (value: number): Change => ({
  kind: 'server.weight',
  backend: 'be_app',
  server: 's1',
  weight: value,
  percent: false,
});

test('where the file has another value by now it wins, and the conflict is told and recorded', async () => {
  const journal = memoryJournal();
  await desk({}, journal).apply(weight(77));
  const after = await restart(journal, editServer('be_app/s1', { weight: 33 }));
  assert.equal(serverAt(after.ctx.model, 'be_app/s1').userWeight, 33);
  const text = "server be_app/s1 weight was set to '77' over '10'; the file says '33' now, and wins";
  assert.deepEqual(
    after.conflicts.map((one) => [one.kind, one.object, one.attribute, one.text]),
    [['file', 'be_app/s1', 'weight', text]],
  );
  assert.ok(
    after.lines.some((line) => line.includes(text)),
    'in the log',
  );
  assert.deepEqual(await journal.overrides(''), []);
  assert.equal((await journal.entries({ phase: 'outcome' })).at(-1)!.text, text);
});

test('where the file says by now what was set, the override ends without a word', async () => {
  const journal = memoryJournal();
  await desk({}, journal).apply(weight(77));
  const after = await restart(journal, editServer('be_app/s1', { weight: 77 }));
  assert.equal(serverAt(after.ctx.model, 'be_app/s1').userWeight, 77);
  assert.deepEqual([after.conflicts, after.ctx.standing.overrides()], [[], []]);
});

test('what was set of a server that is in the file no more is told', async () => {
  const journal = memoryJournal();
  await desk({}, journal).apply(weight(77));
  const after = await restart(journal, (model) => {
    const proxy = findProxy(model, 'be_app', 'backend')!;
    proxy.serversByName.delete('s1');
    proxy.servers.shift();
  });
  assert.deepEqual(
    after.conflicts.map(({ kind, text }) => [kind, text]),
    [['gone', "server be_app/s1 weight was set to '77', but be_app/s1 is gone"]],
  );
});

test('servers that have changed names with each other have so after a restart', async () => {
  const journal = memoryJournal();
  const before = desk({}, journal);
  const be = { backend: 'be_static' } as const;
  for (const server of ['st1', 'st2']) await before.apply({ kind: 'server.state', ...be, server, to: 'maint' });
  for (const [server, name] of [
    ['st1', 'tmp'],
    ['st2', 'st1'],
    ['tmp', 'st2'],
  ] as const)
    assert.equal((await before.apply({ kind: 'server.name', ...be, server, name })).ok, true);
  const after = await restart(journal);
  assert.deepEqual(after.conflicts, []);
  const names = ({ ctx }: Desk) =>
    findProxy(ctx.model, 'be_static', 'backend')!.servers.map(({ name, config, userWeight }) => [
      name,
      config.name,
      userWeight,
    ]);
  assert.deepEqual(names(after), [
    ['st2', 'st1', 100],
    ['st1', 'st2', 50],
  ]);
  assert.deepEqual(live(after), live(before));
});

test('a lease whose time was over while nothing ran is taken back before anything is served', async () => {
  const journal = memoryJournal();
  const before = desk({}, journal);
  await before.apply(weight(50));
  const operations = createOperations(before.ctx, []);
  await operations.apply([weight(77)], origin, { for: 5 });
  operations.close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  const after = await restart(journal);
  assert.equal(serverAt(after.ctx.model, 'be_app/s1').userWeight, 50, 'what stood before the lease stands again');
  assert.equal(after.ctx.standing.override('server be_app/s1 weight')?.value, '50');
  assert.deepEqual([after.ctx.standing.leases(), after.conflicts], [[], []]);
});

test('a lease with time left goes on after a restart', async () => {
  const journal = memoryJournal();
  const before = desk({}, journal);
  const operations = createOperations(before.ctx, []);
  await operations.apply([weight(77)], origin, { confirmWithin: 200 });
  operations.close();
  const after = await restart(journal);
  assert.equal(serverAt(after.ctx.model, 'be_app/s1').userWeight, 77);
  const running = createOperations(after.ctx, after.conflicts);
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(serverAt(after.ctx.model, 'be_app/s1').userWeight, 10);
  assert.deepEqual(running.standing.overrides(), []);
  running.close();
});
