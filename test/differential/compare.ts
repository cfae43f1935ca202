import { resolve } from 'node:path';
import type { Scope } from '../support/wait.ts';
import { acceptance, leftOut } from './acceptance.ts';
import type { Accepted } from './accepted.ts';
import { FAMILIES } from './families.ts';
import type { Family, Scenario } from './family.ts';
import { listens, type Observed, observe, refused, type Stage, stage, without } from './observe.ts';
import { Random } from './random.ts';
import type { Patience } from './talk.ts';

/** Something that both programs did and that is not the same. */
export interface Difference {
  readonly scenario: Scenario;
  /** `CONNECTION.EXCHANGE` (the response), `CONNECTION closed`, `servers` (what they got), `log`, `configuration` or `ended`. */
  readonly part: string;
  readonly haproxy: string;
  readonly sluice: string;
}

export interface Outcome {
  /** How many scenarios were played by both. */
  readonly played: number;
  readonly exchanges: number;
  /** Lines that HAProxy refused, which are left out on both. */
  readonly left: number;
  readonly differences: readonly Difference[];
  /** Scenarios that HAProxy itself did not survive, which are not compared, each with how it ended. */
  readonly fatal: ReadonlyMap<Scenario, string>;
  /** Accepted differences, by the name of what accepts them. */
  readonly accepted: ReadonlyMap<string, readonly Difference[]>;
}

export interface Order {
  /** Which kinds of scenarios; all of them when there is none. */
  readonly families?: readonly Family[];
  readonly seed: number;
  /** How many scenarios of each kind. */
  readonly count: number;
  /** Only these, by number; all of them when empty. */
  readonly only?: readonly number[];
  readonly haproxy: string;
  readonly sluice: string;
}

const BATCH = 100;
const QUICK: Patience = { answer: 250, end: 8 };
const CAREFUL: Patience = { answer: 1200, end: 150 };
/** What differs and is not accepted is tried again, with more time, so that a slow machine is not taken for a difference. */
const TRIES: readonly Patience[] = [QUICK, CAREFUL, CAREFUL];

/** Plays `count` scenarios of each family, which follow from `seed`, on both programs. */
export async function compare(scope: Scope, order: Order): Promise<Outcome> {
  const outcome = {
    played: 0,
    exchanges: 0,
    left: 0,
    differences: [] as Difference[],
    fatal: new Map<Scenario, string>(),
    accepted: new Map<string, Difference[]>(),
  };
  for (const family of order.families ?? FAMILIES) {
    const wanted = made(family, order);
    for (let at = 0; at < wanted.length; at += BATCH) await batch(scope, wanted.slice(at, at + BATCH), order, outcome);
  }
  return outcome;
}

function made(family: Family, { seed, count, only }: Order): Scenario[] {
  return Array.from({ length: count }, (_, at) => at)
    .filter((at) => only === undefined || only.length === 0 || only.includes(at))
    .map((at) => family.make(new Random(seed * 1_000_003 + at), at));
}

type Mutable = { -readonly [K in keyof Outcome]: Outcome[K] } & {
  differences: Difference[];
  fatal: Map<Scenario, string>;
  accepted: Map<string, Difference[]>;
};

async function batch(scope: Scope, scenarios: readonly Scenario[], order: Order, outcome: Mutable): Promise<void> {
  const on = await stage(scope, scenarios);
  const impossible = await refused(order.haproxy, scenarios, on);
  const possible = without(scenarios, impossible);
  outcome.left += impossible.length;
  const refusals = await refused(order.sluice, possible, on);
  for (const { id, line, why } of refusals) {
    const refusing = scenarios.find((one) => one.id === id)!;
    outcome.differences.push({ scenario: refusing, part: 'configuration', haproxy: line, sluice: why });
  }
  let left = without(possible, refusals);
  outcome.played += left.length;
  for (const { connections } of left) outcome.exchanges += connections.flat().length;
  while (left.length > 0) {
    const sure: Difference[] = [];
    let suspects: readonly Scenario[] = left;
    for (const [at, patience] of TRIES.entries()) {
      if (suspects.length === 0) break;
      const found = Map.groupBy(
        await differing(suspects, on, order, patience, outcome.fatal),
        ({ scenario }) => scenario,
      );
      const last = at === TRIES.length - 1;
      suspects = [...found].filter(([, own]) => !last && !own.every(acceptance)).map(([one]) => one);
      sure.push(...[...found].filter(([one]) => !suspects.includes(one)).flatMap(([, own]) => own));
    }
    left = judged(sure, outcome);
  }
}

async function differing(
  scenarios: readonly Scenario[],
  on: Stage,
  order: Order,
  patience: Patience,
  fatal: Map<Scenario, string>,
): Promise<Difference[]> {
  const expected = await observe(order.haproxy, scenarios, on, patience);
  const survived = scenarios.filter((one) => {
    const end = expected.get(one.id)!.get('ended');
    if (end !== undefined) fatal.set(one, end);
    return end === undefined;
  });
  const got = await observe(order.sluice, survived, on, patience);
  return survived.flatMap((one) => between(one, expected.get(one.id)!, got.get(one.id)!));
}

function between(one: Scenario, haproxy: Observed, sluice: Observed): Difference[] {
  return [...new Set([...haproxy.keys(), ...sluice.keys()])]
    .map((part) => ({
      scenario: one,
      part,
      haproxy: haproxy.get(part) ?? '<nothing>',
      sluice: sluice.get(part) ?? '<nothing>',
    }))
    .filter((difference) => difference.haproxy !== difference.sluice);
}

/** Notes what is accepted and what is not; gives the scenarios that were accepted as a whole, without what that was about. */
function judged(differences: readonly Difference[], outcome: Mutable): Scenario[] {
  const left: Scenario[] = [];
  for (const [one, own] of Map.groupBy(differences, (difference) => difference.scenario)) {
    const used = new Set<Accepted>();
    let all = true;
    for (const difference of own) {
      const accepted = acceptance(difference);
      if (accepted === undefined) {
        all = false;
        outcome.differences.push(difference);
      } else {
        used.add(accepted);
        outcome.accepted.set(accepted.name, [...(outcome.accepted.get(accepted.name) ?? []), difference]);
      }
    }
    const rest = leftOut(one, used);
    if (all && rest !== one && rest.connections.length > 0 && listens(rest)) left.push(rest);
  }
  return left;
}

/** A difference for people: the scenario's number, what was sent, and both answers. */
export function shown({ scenario: one, part, haproxy, sluice }: Difference): string {
  const [connection, exchange] = part.split(/[. ]/).map(Number);
  const sent = one.connections[connection ?? -1]?.[exchange ?? -1]?.bytes;
  const lines = [`--- ${one.family.name} scenario ${one.id}, ${part}`];
  if (sent !== undefined) lines.push(`sent:    ${JSON.stringify(sent.slice(0, 1500))}`);
  if (part === 'counters') return [...lines, ...rowsThatDiffer(haproxy, sluice)].join('\n');
  const from = firstDifference(haproxy, sluice);
  lines.push(`haproxy: ${cut(haproxy, from)}`, `sluice:  ${cut(sluice, from)}`);
  return lines.join('\n');
}

/** Of rows of counters those that are not the same, with what is not the same in them. */
function rowsThatDiffer(haproxy: string, sluice: string): string[] {
  const theirs = haproxy.split('\n').map((row) => row.split(' '));
  const ours = sluice.split('\n').map((row) => row.split(' '));
  return theirs.flatMap((row, at) => {
    const differ = row.flatMap((word, column) =>
      word === ours[at]?.[column] ? [] : [`${word} (sluice ${ours[at]?.[column]?.replace(/.*=/, '')})`],
    );
    return differ.length === 0 ? [] : [`haproxy: ${row[0]} ${differ.join(', ')}`];
  });
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

const cut = (text: string, at: number): string =>
  `${at > 160 ? '... ' : ''}${JSON.stringify(text.slice(Math.max(0, at - 160), at + 300))}`;

/** Where the programs are: `HAPROXY` or the installed one, and the program under test. */
export const HAPROXY = resolve(process.env['HAPROXY'] ?? '/usr/sbin/haproxy');
