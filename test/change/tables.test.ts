import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { applyBatch } from '../../src/change/apply.ts';
import type { Change } from '../../src/change/change.ts';
import { judge } from '../../src/change/judge.ts';
import { rehearse } from '../../src/change/rehearsal.ts';
import { readChange } from '../../src/change/shape.ts';
import { StickTables } from '../../src/model/tables/tables.ts';
import { EntryLines, listing } from '../../src/runtime/tables/lines.ts';
import { proxyConfig } from '../control/fixture.ts';
import { tableConfig } from '../model/tables/new-table.ts';
import { type Desk, desk, origin } from './fixture.ts';

/** A desk whose model has a table of addresses. */
function tableDesk(): Desk {
  const d = desk();
  const stickTable = tableConfig(
    { name: 'st', type: 'ip', size: 50, expire: 60_000 },
    'gpc0,gpt(2),bytes_out_cnt,conn_rate(1h)',
  );
  const tables = new StickTables({ proxies: [proxyConfig('st', 900, { stickTable })], peers: [] });
  Object.assign(d.ctx.model, { tables });
  return d;
}

/** The entries, without pointers and times. */
function content({ ctx: { model } }: Desk): string[] {
  const lines = new EntryLines(model.tables.get('st')!, model.tables.dictionary);
  return [...listing(lines, [])].map((line) => line.replace(/^0x\w+: |use=\d+ exp=\d+ shard=0 |\n$/g, '')).sort();
}

const key = fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3');
const value = fc.integer({ min: 0, max: 5 }).map(String);
const data = fc.dictionary(fc.constantFrom('gpc0', 'gpt[0]', 'gpt[1]', 'bytes_out_cnt', 'conn_rate'), value, {
  noNullPrototype: true,
});
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('table.set' as const), table: fc.constant('st'), key, data }),
  fc.record({ kind: fc.constant('table.clear' as const), table: fc.constant('st'), key }),
);

describe('Changes of stick tables', () => {
  it('are undone by their inverse', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 6 }), change, async (earlier, last) => {
        const d = tableDesk();
        for (const one of earlier) assert.equal((await d.apply(one)).ok, true);
        const before = content(d);
        const judged = judge(last, d.ctx);
        const { ok, inverse } = await d.apply(last);
        assert.equal(ok, true);
        if (inverse !== null) {
          assert.equal(judge(inverse, d.ctx).before, judged.after, 'it finds what was left');
          assert.equal((await d.apply(inverse)).ok, true);
        }
        assert.deepEqual(content(d), before);
        d.ctx.states.close();
      }),
      { numRuns: 150 },
    );
  });

  it('are refused as a whole', async () => {
    const d = tableDesk();
    const set = (more: object): Change => ({ kind: 'table.set', table: 'st', key: '192.0.2.1', data: {}, ...more });
    const CASES: readonly (readonly [Change, string])[] = [
      [set({ table: 'nope' }), 'No such table'],
      [set({ key: 'x' }), 'Invalid key'],
      [set({ data: { gpc0: '1', gpc1: '1' } }), 'Data type not stored in this table'],
      [set({ data: { 'gpt[2]': '1' } }), 'index out of range in this data array'],
      [set({ data: { gpc0: 'x' } }), 'Require a valid integer value to store'],
      [{ kind: 'table.clear', table: 'st', key: '::1' }, 'Invalid key'],
      [
        { kind: 'table.clear', table: 'st', key: null, where: [['nope', 'eq', '1']] },
        'a condition does not fit the table',
      ],
    ];
    for (const [one, text] of CASES) {
      assert.equal((await d.apply(one)).text, text);
      const outcome = await applyBatch([set({ data: { gpc0: '1' } }), one], d.ctx, origin);
      assert.equal(outcome.ok, false, text);
    }
    assert.deepEqual(content(d), []);
    d.ctx.states.close();
  });

  it('clear what fits, but not what is in use', async () => {
    const d = tableDesk();
    const table = d.ctx.model.tables.get('st')!;
    for (let i = 1; i <= 9; i++)
      await d.apply({ kind: 'table.set', table: 'st', key: `192.0.2.${i}`, data: { gpc0: String(i) } });
    table.useKey(Uint8Array.of(192, 0, 2, 8));
    table.use(table.openKey(Date.now()), 1);
    table.close();
    assert.equal(
      (await d.apply({ kind: 'table.clear', table: 'st', key: '192.0.2.8' })).text,
      'Entry currently in use, cannot remove',
    );
    const where = [
      ['gpc0', 'ge', '4'],
      ['gpc0', 'ne', '6'],
    ] as const;
    assert.equal((await d.apply({ kind: 'table.clear', table: 'st', key: null, where })).ok, true);
    assert.deepEqual(
      content(d)
        .map((line) => /gpc0=(\d)/.exec(line)![1])
        .sort(),
      ['1', '2', '3', '6', '8'],
    );
    await d.apply({ kind: 'table.clear', table: 'st', key: null });
    assert.equal(content(d).length, 1);
    d.ctx.states.close();
  });

  it('are previewed one on top of the other', async () => {
    const anyClear = fc.record({
      kind: fc.constant('table.clear' as const),
      table: fc.constant('st'),
      key: fc.constant(null),
      where: fc.tuple(fc.tuple(fc.constant('gpc0'), fc.constantFrom('eq', 'ge'), value)),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 4 }),
        fc.array(fc.oneof({ weight: 5, arbitrary: change }, { weight: 1, arbitrary: anyClear }), {
          minLength: 2,
          maxLength: 8,
        }),
        async (earlier, changes) => {
          const d = tableDesk();
          for (const one of earlier) await d.apply(one);
          const before = content(d);
          const previews = await rehearse(changes, d.ctx);
          assert.deepEqual(content(d), before, 'nothing is done');
          for (const [i, one] of changes.entries()) {
            const now = judge(one, d.ctx);
            if (!('where' in one)) assert.deepEqual([previews[i]!.before, previews[i]!.after], [now.before, now.after]);
            await d.apply(one);
          }
          d.ctx.states.close();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('come from outside with the shape they must have', () => {
    const good = { kind: 'table.set', table: 'st', key: '192.0.2.1', data: { 'gpt[1]': '1' } };
    assert.deepEqual(readChange(good), good);
    for (const bad of [
      { ...good, data: 5 },
      { ...good, data: { GPC: '1' } },
      { ...good, data: { gpc0: 1 } },
      { ...good, key: 5 },
    ])
      assert.ok('problem' in readChange(bad), JSON.stringify(bad));
    assert.ok('problem' in readChange({ kind: 'table.clear', table: 'st', key: null, where: [] }));
  });
});
