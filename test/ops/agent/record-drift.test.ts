import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry } from '../../../src/change/journal/journal.ts';
import { unexplained } from '../../../src/ops/agent/record-drift.ts';
import type { ServerState, TargetState } from '../../../src/ops/state.ts';

/** A target whose only server has this weight. */
function weighing(weight: number): TargetState {
  const line = { adminState: 0 };
  const server = { backend: 'app', name: 'app1', weight, maxconn: 0, address: '', port: 1, fqdn: '', line };
  const servers = [server as unknown as ServerState];
  return { frontends: [], backends: [{ servers }] } as unknown as TargetState;
}

const entry = (weight: number, ok: boolean | null) =>
  ({
    phase: ok === null ? 'attempt' : 'outcome',
    change: { kind: 'server.weight', backend: 'app', server: 'app1', weight, percent: false },
    after: String(weight),
    ok,
  }) as JournalEntry;

const drifts = (...made: JournalEntry[]) =>
  unexplained(weighing(20), weighing(30), made).map(({ before, after }) => `${before} -> ${after}`);

test('what nobody in the journal has done is a drift', () => {
  assert.deepEqual(drifts(), ['20 -> 30']);
  assert.deepEqual(drifts(entry(30, false)), ['20 -> 30']);
  assert.deepEqual(drifts(entry(25, true)), ['25 -> 30'], 'changed twice');
});

test('what is recorded is none, nor what is being done', () => {
  assert.deepEqual(drifts(entry(30, true)), []);
  assert.deepEqual(drifts(entry(25, true), entry(30, null)), []);
});
