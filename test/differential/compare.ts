import { resolve } from 'node:path';
import type { Scope } from '../support/wait.ts';
import { ACCEPTED } from './accepted.ts';
import { type Observed, observe, refused, stage, without } from './observe.ts';
import { Random } from './random.ts';
import { type Scenario, scenario } from './scenario.ts';
import type { Patience } from './talk.ts';

/** Something that both programs did and that is not the same. */
export interface Difference {
  readonly scenario: Scenario;
  /** `CONNECTION.EXCHANGE` (the response), `CONNECTION closed`, `servers` (what they got), `log` or `configuration`. */
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
  /** Names of accepted differences, with how often each was met. */
  readonly accepted: ReadonlyMap<string, number>;
}

export interface Order {
  readonly seed: number;
  readonly count: number;
  /** Only these, by number; all of them when empty. */
  readonly only?: readonly number[];
  readonly haproxy: string;
  readonly sluice: string;
}

const BATCH = 100;
const QUICK: Patience = { answer: 250, end: 8 };
/** What differs is tried again with more time, so that a slow machine is not taken for a difference. */
const CAREFUL: Patience = { answer: 1200, end: 150 };

/** Plays `count` scenarios that follow from `seed` on both programs. */
export async function compare(scope: Scope, order: Order): Promise<Outcome> {
  const all = Array.from({ length: order.count }, (_, at) => scenario(new Random(order.seed * 1_000_003 + at), at));
  const wanted = all.filter(({ id }) => order.only === undefined || order.only.length === 0 || order.only.includes(id));
  const outcome = {
    played: 0,
    exchanges: 0,
    left: 0,
    differences: [] as Difference[],
    accepted: new Map<string, number>(),
  };
  for (let at = 0; at < wanted.length; at += BATCH) await batch(scope, wanted.slice(at, at + BATCH), order, outcome);
  return outcome;
}

type Mutable = { -readonly [K in keyof Outcome]: Outcome[K] } & {
  differences: Difference[];
  accepted: Map<string, number>;
};

async function batch(scope: Scope, scenarios: readonly Scenario[], order: Order, outcome: Mutable): Promise<void> {
  const on = await stage(scope, scenarios);
  const impossible = await refused(order.haproxy, scenarios, on);
  const possible = without(scenarios, impossible);
  outcome.left += impossible.length;
  const refusals = await refused(order.sluice, possible, on);
  for (const { id, line, why } of refusals)
    tell(outcome, [
      { scenario: scenarios.find((one) => one.id === id)!, part: 'configuration', haproxy: line, sluice: why },
    ]);
  const played = without(possible, refusals);
  outcome.played += played.length;
  for (const { connections } of played) outcome.exchanges += connections.flat().length;
  const suspects = await differing(played, on, order, QUICK);
  if (suspects.length === 0) return;
  const again = played.filter(({ id }) => suspects.some((one) => one.scenario.id === id));
  tell(outcome, await differing(again, on, order, CAREFUL));
}

async function differing(
  scenarios: readonly Scenario[],
  on: Awaited<ReturnType<typeof stage>>,
  order: Order,
  patience: Patience,
): Promise<Difference[]> {
  const [expected, got] = [
    await observe(order.haproxy, scenarios, on, patience),
    await observe(order.sluice, scenarios, on, patience),
  ];
  return scenarios.flatMap((one) => between(one, expected.get(one.id)!, got.get(one.id)!));
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

function tell(outcome: Mutable, differences: readonly Difference[]): void {
  for (const difference of differences) {
    const known = ACCEPTED.find(({ explains }) => explains(difference));
    if (known === undefined) outcome.differences.push(difference);
    else outcome.accepted.set(known.name, (outcome.accepted.get(known.name) ?? 0) + 1);
  }
}

/** A difference for people: the scenario's number, what was sent, and both answers. */
export function shown({ scenario: one, part, haproxy, sluice }: Difference): string {
  const [connection, exchange] = part.split(/[. ]/).map(Number);
  const sent = one.connections[connection ?? -1]?.[exchange ?? -1]?.bytes;
  const lines = [`--- scenario ${one.id}, ${part}`];
  if (sent !== undefined) lines.push(`sent:    ${JSON.stringify(sent.slice(0, 1500))}`);
  const from = firstDifference(haproxy, sluice);
  lines.push(`haproxy: ${cut(haproxy, from)}`, `sluice:  ${cut(sluice, from)}`);
  return lines.join('\n');
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
