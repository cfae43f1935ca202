import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingRequest } from '../../../src/change/policy/pending.ts';
import { EVENTS, type OperationEvent } from '../../../src/ops/events.ts';
import { runFleet } from '../../../src/ops/fleet/run-fleet.ts';
import { parseWords } from '../../../src/ops/parse.ts';
import { findOperation } from '../../../src/ops/registry.ts';
import { type FakeOptions, type FakeTarget, fakeTarget } from '../fake-target.ts';

const STATE = `
backend be
  app1 total=100
  app2 total=100
  app3 total=100
`;

interface Told {
  readonly status: number;
  readonly events: readonly OperationEvent[];
  readonly end: OperationEvent & { event: 'end' };
  /** `lb1 done`, in order. */
  readonly results: readonly string[];
  /** What was recorded of the whole: `begin lb1 | lb2, lb3`, `end true done`. */
  readonly recorded: readonly string[];
}

/** Three load balancers, of which some do something of their own. */
function fleet(own: Readonly<Record<string, FakeOptions>> = {}): Map<string, FakeTarget> {
  return new Map(['lb1', 'lb2', 'lb3'].map((name) => [name, fakeTarget(STATE, own[name])]));
}

async function run(
  line: string,
  targets: ReadonlyMap<string, FakeTarget>,
  signal = new AbortController(),
): Promise<Told> {
  const { operation, args } = findOperation(line.split(' '))!;
  const { values } = parseWords(operation, args);
  const events: OperationEvent[] = [];
  const recorded: string[] = [];
  const { status } = await runFleet(
    { operation, values, title: line },
    {
      names: [...targets.keys()],
      async open(name) {
        const target = targets.get(name)!;
        if (target.version === 'gone') throw new Error('nobody answers');
        return target;
      },
      emit(event) {
        events.push(event);
        if (event.event === 'pause') signal.abort();
      },
      show: () => undefined,
      ask: null,
      signal: signal.signal,
      keepLeases: async () => undefined,
      record: {
        async begin(meta, waves) {
          recorded.push(`begin ${meta.title}: ${waves.map((wave) => wave.join(', ')).join(' | ')}`);
          return async (ok, text, results) => {
            recorded.push(`end ${ok} ${text}; ${results.map(({ target, ended }) => `${target} ${ended}`).join(', ')}`);
          };
        },
      },
    },
  );
  const results = events.flatMap((event) => (event.event === 'result' ? [`${event.target} ${event.ended}`] : []));
  return { status, events, results, recorded, end: events.at(-1) as Told['end'] };
}

/** Who has app1 out of service. */
function drained(targets: ReadonlyMap<string, FakeTarget>): string[] {
  return [...targets].flatMap(([name, { current }]) =>
    current.backends[0]!.servers[0]!.admin === 'drain' ? [name] : [],
  );
}

test('a canary, then waves; one id on all, and one record of the whole', async () => {
  const targets = fleet();
  const { status, events, results, recorded, end } = await run('drain be/app1 --wave 100%', targets);
  assert.equal(status, 0);
  const waves = events.flatMap((event) => (event.event === 'wave' ? [event.targets.join(' ')] : []));
  assert.deepEqual(waves, ['lb1', 'lb2 lb3']);
  assert.deepEqual(results, ['lb1 done', 'lb2 done', 'lb3 done']);
  const ids = [...targets.values()].flatMap(({ made }) => made.map(({ meta }) => meta.operation));
  assert.deepEqual(ids, [end.operation, end.operation, end.operation]);
  assert.deepEqual(recorded, [
    'begin drain be/app1 --wave 100%: lb1 | lb2, lb3',
    'end true done; lb1 done, lb2 done, lb3 done',
  ]);
});

test('what is told of the whole has the fields that the reference names', async () => {
  const { events } = await run('drain be/app1', fleet());
  for (const { event, ...fields } of events) {
    if (event !== 'fleet' && event !== 'wave' && event !== 'result') continue;
    assert.deepEqual(Object.keys(fields).sort(), [...EVENTS[event].fields].sort());
  }
  const own = events.filter(({ event }) => event === 'plan' || event === 'change');
  assert.deepEqual([...new Set(own.map(({ target }) => target))].sort(), ['lb1', 'lb2', 'lb3']);
});

test('nothing is changed when a guard refuses on one of them, unless it is overruled', async () => {
  const targets = fleet();
  const second = targets.get('lb2')!;
  second.current = fakeTarget('backend be\n  app1\n').current;
  const { status, results, recorded } = await run('drain be/app1', targets);
  assert.equal(status, 3);
  assert.deepEqual(results, ['lb1 untouched', 'lb2 guarded', 'lb3 untouched']);
  assert.deepEqual(drained(targets), []);
  assert.deepEqual(recorded, []);
  assert.equal((await run('drain be/app1 --force --reason move', targets)).status, 0);
  assert.deepEqual(drained(targets), ['lb1', 'lb2', 'lb3']);
});

test('a load balancer that cannot be reached stops all before the first change, unless it may be left out', async () => {
  const targets = fleet();
  Object.assign(targets.get('lb3')!, { version: 'gone' });
  const { status, results } = await run('drain be/app1', targets);
  assert.equal(status, 4);
  assert.deepEqual(results, ['lb1 untouched', 'lb2 untouched', 'lb3 failed']);
  assert.deepEqual(drained(targets), []);
  assert.equal((await run('drain be/app1 --allow-unreachable', targets)).status, 0);
  assert.deepEqual(drained(targets), ['lb1', 'lb2']);
});

test('a failure in a later wave takes the earlier ones back', async () => {
  const targets = fleet({ lb2: { refusals: new Map([['be/app1 server.state', 'no rights']]) } });
  const { status, results, end, recorded } = await run('drain be/app1', targets);
  assert.equal(status, 7);
  assert.deepEqual(results, ['lb1 reverted', 'lb2 refused', 'lb3 untouched']);
  assert.equal(end.text, 'lb2: no rights (be/app1); what was changed is taken back');
  assert.equal(end.operation, null);
  assert.deepEqual(drained(targets), []);
  assert.match(recorded[1]!, /^end false reverted: .*; lb1 reverted, lb2 refused, lb3 untouched$/);
});

test('what cannot be taken back is told, and stays to be taken back', async () => {
  const targets = fleet({ lb2: { refusals: new Map([['be/app1 server.state', 'no rights']]) } });
  const first = targets.get('lb1')!;
  const { ledger } = first;
  Object.assign(first, {
    ledger: {
      ...ledger,
      undo: async () => ({ ok: false, failedAt: -1, outcomes: [], text: 'the disk is full', lease: null }),
    },
  });
  const { status, results, end } = await run('drain be/app1', targets);
  assert.equal(status, 1);
  assert.deepEqual(results, ['lb1 failed', 'lb2 refused', 'lb3 untouched']);
  assert.match(end.text, /not everything could be taken back: lb1: could not be taken back: the disk is full/);
  assert.match(end.operation!, /^op-/);
  assert.deepEqual(drained(targets), ['lb1']);
});

test('a server that goes down after the first wave takes it back', async () => {
  // Read: when it is planned, before the change, and when it is looked at.
  const targets = fleet({ lb1: { meanwhile: new Map([[3, ['be/app2 oper=down status=DOWN']]]) } });
  const { status, results, events } = await run('drain be/app1', targets);
  assert.equal(status, 7);
  assert.deepEqual(results, ['lb1 reverted', 'lb2 untouched', 'lb3 untouched']);
  const check = events.find(({ event }) => event === 'check');
  assert.equal(check?.event === 'check' && check.text, 'lb1: be/app2 is DOWN L4OK');
});

test('more failures than before take it back; as many as before do not', async () => {
  const more = fleet({ lb1: { meanwhile: new Map([[3, ['be/app2 total=200 http5xx=20']]]) } });
  const failing = await run('drain be/app1', more);
  assert.equal(failing.status, 7);
  assert.match(failing.end.text, /^lb1: 20 of 100 sessions of backend be failed \(20%, before 0%\)/);
  const same = fleet({
    lb1: {
      meanwhile: new Map([
        [1, ['be/app2 http5xx=90']],
        [3, ['be/app2 total=200 http5xx=110']],
      ]),
    },
  });
  assert.equal((await run('drain be/app1', same)).status, 0);
});

test('guards are asked again before each wave', async () => {
  // What is planned on before the second wave is its second reading.
  const others = ['be/app2 oper=down status=DOWN', 'be/app3 oper=down status=DOWN'];
  const targets = fleet({ lb2: { meanwhile: new Map([[2, others]]) } });
  const { status, results, end } = await run('drain be/app1', targets);
  assert.equal(status, 7);
  assert.deepEqual(results, ['lb1 reverted', 'lb2 guarded', 'lb3 untouched']);
  assert.match(end.text, /^lb2: backend 'be' would have no usable server left/);
});

test('a signal between two waves leaves what is done, and says where', async () => {
  const targets = fleet();
  const { status, results, end, recorded } = await run('drain be/app1 --pause 1h', targets);
  assert.equal(status, 130);
  assert.deepEqual(results, ['lb1 done', 'lb2 untouched', 'lb3 untouched']);
  assert.equal(end.text, 'interrupted before wave 2 of 3; in force on lb1; not begun on lb2, lb3');
  assert.match(end.operation!, /^op-/);
  assert.match(recorded[1]!, /^end false interrupted: /);
});

test('a dry run changes nothing and records nothing', async () => {
  const targets = fleet();
  const { status, results, recorded } = await run('drain be/app1 --dry-run', targets);
  assert.equal(status, 0);
  assert.deepEqual(results, ['lb1 dry-run', 'lb2 dry-run', 'lb3 dry-run']);
  assert.deepEqual(drained(targets), []);
  assert.deepEqual(recorded, []);
});

test('what is dangerous is asked once, for all', async () => {
  const { status, end } = await run('kill be/app1', fleet());
  assert.equal(status, 6);
  assert.match(end.text, /asks before it acts, and nobody can be asked here/);
});

test('an undo is done where the operation is known; without its id it is refused', async () => {
  const targets = fleet();
  const { end } = await run('drain be/app1 --allow-unreachable', new Map([...targets].slice(0, 2)));
  const undone = await run(`undo ${end.operation}`, targets);
  assert.equal(undone.status, 0);
  assert.deepEqual(undone.results, ['lb1 undone', 'lb2 undone', 'lb3 unknown']);
  assert.deepEqual(drained(targets), []);
  const unnamed = await run('undo', targets);
  assert.equal(unnamed.status, 2);
  assert.match(unnamed.end.text, /must be told of which operation/);
});

test('what reads goes to all at once; the worst gives the exit status', async () => {
  const targets = fleet();
  targets.get('lb2')!.current = fakeTarget('backend other\n  app1\n').current;
  const { status, results, recorded } = await run('status be', targets);
  assert.equal(status, 2);
  assert.deepEqual(results, ['lb1 done', 'lb2 unknown', 'lb3 done']);
  assert.deepEqual(recorded, []);
});

test('what needs a second person waits everywhere; who agrees has it done in the waves that were asked for', async () => {
  const targets = fleet();
  const waiting = 'Approval needed: one of leads must agree';
  for (const target of targets.values()) {
    const asked: PendingRequest[] = [];
    target.permit = async (changes, steps, { operation, title }) => {
      const origin = { surface: 'runner', from: '', level: 'admin', operation, title, steps } as const;
      asked.push({ operation, origin, changes, text: waiting, date: 0, until: 1 });
      return { ok: false, failedAt: -1, outcomes: [], text: waiting, lease: null };
    };
    Object.assign(target.ledger, { requests: async () => asked });
  }
  const asked = await run('drain be/app1 --canary 1 --wave 1', targets);
  assert.equal(asked.status, 8);
  assert.deepEqual(drained(targets), []);
  assert.match(asked.end.text, /^lb1: Approval needed: .* nothing was changed anywhere$/);
  const [, id = ''] = /sluice approve (op-\w+)/.exec(asked.end.text)!;
  const { status, recorded, end } = await run(`approve ${id}`, targets);
  assert.equal(status, 0, end.text);
  assert.deepEqual(drained(targets), ['lb1', 'lb2', 'lb3']);
  assert.equal(end.operation, id);
  assert.deepEqual(recorded[0], 'begin drain be/app1 --canary 1 --wave 1: lb1 | lb2 | lb3');
  const metas = [...targets.values()].flatMap(({ made }) => made.map(({ meta }) => [meta.operation, meta.approves]));
  assert.deepEqual(metas, [
    [id, true],
    [id, true],
    [id, true],
  ]);
});
