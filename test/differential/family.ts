import type { Run } from '../support/program.ts';
import type { Scope } from '../support/wait.ts';
import type { Accepted } from './accepted.ts';
import type { Stage } from './observe.ts';
import type { Random } from './random.ts';
import type { Patience } from './talk.ts';

/** A kind of scenarios: how they are made from a seed, and how they are played. */
export interface Family {
  readonly name: string;
  /** How many scenarios of seed 1 the tests play. */
  readonly sample: number;
  /** Configuration in front of the proxies of all its scenarios. */
  readonly head: string;
  /** Files that its configurations name beside those that all may name, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Columns of `show stat` that are compared when a scenario has been played; left out: none, or it sees to them itself. */
  readonly columns?: readonly string[];
  /** Differences that are meant. */
  readonly accepted: readonly Accepted[];
  /** A scenario that follows from the seed of `random` alone. */
  make(random: Random, id: number): Scenario;
  /** Starts what its scenarios need beside the servers that all have; gives the ports, by the name of `{addr:NAME}`. */
  servers?(scope: Scope, saw: (what: string) => void): Promise<Record<string, number>>;
  /** What the clients of a scenario saw, as named texts; null when nobody listens. */
  play(run: Run, scenario: Scenario, on: Stage, patience: Patience): Promise<Map<string, string> | null>;
}

/** A frontend `fe_ID` with backends `a_ID` and `b_ID` of its own, and what is sent to it. */
export interface Scenario {
  readonly family: Family;
  /** Part of the names of its proxies and of its log lines. */
  readonly id: number;
  readonly lines: readonly string[];
  /** For each connection what is sent over it, one after the other. */
  readonly connections: readonly (readonly Sent[])[];
  /** Things happen at once in it: in which order servers got requests and lines were logged is not compared. */
  readonly unordered?: boolean;
}

/** Bytes that a client sends at once. */
export interface Sent {
  readonly bytes: string;
}
