import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../../src/change/change.ts';
import { approvalProblem, decide, keptBy } from '../../../src/change/policy/decide.ts';
import { parsePolicy } from '../../../src/change/policy/load.ts';

const loaded = parsePolicy(
  `version: 1
timezone: UTC
people:
  ops: { users: [anna], groups: [web-ops] }
  leads: { users: [lea], groups: [leads] }
rules:
  - deny: [maint]
    who: ["*"]
    on: [be_pay/*]
    reason: be_pay is frozen
  - allow: [drain, ready, weight]
    who: [ops]
    on: [be_app/*]
    hours: [mon-fri 08:00-18:00]
  - allow: ["*server"]
    who: [ops]
    approval: leads
  - allow: ["*"]
    who: [user:root]
    force: true
guards:
  - on: [be_app]
    min-usable: 2
    min-share: 50%
`,
  'policy.yaml',
);
assert.ok('policy' in loaded);
const { policy } = loaded;

const MONDAY = new Date('2026-11-23T10:00:00Z');
const drain: Change = { kind: 'server.state', backend: 'be_app', server: 'app1', to: 'drain' };
const maintPay: Change = { kind: 'server.state', backend: 'be_pay', server: 'p1', to: 'maint' };
const remove: Change = { kind: 'server.del', backend: 'be_app', server: 'app1' };
const anna = { name: 'anna', groups: [] };

function decided(
  changes: readonly Change[],
  { person = anna as { name: string; groups: string[] }, force = false, at = MONDAY } = {},
) {
  const decision = decide(policy, { person, changes, force, at });
  return decision.kind === 'allow' ? 'allow' : decision.text;
}

test('the first rule that fits decides', () => {
  assert.equal(decided([drain]), 'allow');
  assert.equal(decided([drain], { person: { name: 'ben', groups: ['web-ops'] } }), 'allow');
  assert.match(decided([maintPay]), /be_pay is frozen \(policy.yaml:7\)$/);
  assert.match(decided([maintPay], { person: { name: 'root', groups: [] } }), /be_pay is frozen/);
});

test('what no rule fits is denied, and the hours are told', () => {
  assert.match(decided([drain], { person: { name: 'eve', groups: ['x'] } }), /no rule of policy.yaml allows it$/);
  assert.match(decided([drain], { at: new Date('2026-11-22T10:00:00Z') }), /allows it only mon-fri 08:00-18:00$/);
  assert.match(decided([{ ...drain, backend: 'be_api' }]), /^Not allowed: 'drain' on 'be_api\/app1' by anna/);
});

test('one change that is denied denies all; one that needs approval makes all wait', () => {
  assert.match(decided([drain, maintPay]), /^Not allowed/);
  assert.match(decided([remove, drain]), /^Approval needed: 'remove-server' on 'be_app\/app1' by anna: one of 'leads'/);
});

test('guards are overridden only where a rule says so', () => {
  assert.match(decided([drain], { force: true }), /guards may not be overridden \(policy.yaml:11 /);
  assert.equal(decided([drain], { force: true, person: { name: 'root', groups: [] } }), 'allow');
});

test('a second person of the set approves, nobody else', () => {
  const request = { person: anna, changes: [remove, drain], force: false, at: MONDAY };
  assert.equal(approvalProblem(policy, request, { name: 'lea', groups: [] }), null);
  assert.equal(approvalProblem(policy, request, { name: 'kim', groups: ['leads'] }), null);
  assert.match(approvalProblem(policy, request, { name: 'anna', groups: ['leads'] })!, /^A second person must approve/);
  assert.match(approvalProblem(policy, request, { name: 'ben', groups: ['web-ops'] })!, /not one of 'leads'$/);
  const night = { ...request, at: new Date('2026-11-23T20:00:00Z') };
  assert.match(approvalProblem(policy, night, { name: 'lea', groups: [] })!, /allows it only/);
});

test('every kind of thing has an object that a policy can name', () => {
  const all = (changes: readonly Change[]) => changes.map((change) => decided([change]).match(/on '([^']*)'/)?.[1]);
  assert.deepEqual(
    all([
      { kind: 'frontend.state', frontend: 'fe', to: 'disabled' },
      { kind: 'backend.publish', backend: 'be', published: false },
      { kind: 'counters.clear', scope: 'all' },
      { kind: 'counters.clear', scope: { backend: 'be', server: 's' } },
      { kind: 'var.set', name: 'proc.x', value: { type: 'sint', value: 1 } },
      { kind: 'config.reload' },
    ]),
    ['fe', 'be', 'global', 'be/s', 'proc.x', 'global'],
  );
});

test('what backends must keep is told by the first guard that names them', () => {
  assert.deepEqual(keptBy(policy, 'be_app'), { minUsable: 2, minShare: 50 });
  assert.deepEqual(keptBy(policy, 'other'), { minUsable: null, minShare: null });
});
