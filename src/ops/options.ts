/** Options that operations have in common. */
import { MOST_TARGETS, type WaveSize, waveKind } from './fleet/kinds.ts';
import { durationKind, type Least, leastKind, numberKind, spanKind, textKind } from './kinds.ts';
import type { Operation, Option } from './operation.ts';

const ALL = {
  target: {
    kind: textKind(
      'TARGET',
      'a socket (`/run/sluice/admin.sock`, `tcp:127.0.0.1:9999`) or a name or group of the file of targets',
    ),
    about:
      'the load balancer to work on, given again for each of several, or a group; default: SLUICE_TARGET, else the one whose socket is at a usual place',
    many: true,
  },
  'allow-unreachable': { kind: null, about: 'of several load balancers, leave out those that cannot be reached' },
  json: { kind: null, about: 'tell events and results as lines of JSON' },
  quiet: { kind: null, about: 'tell nothing but errors' },
} as const satisfies Record<string, Option>;

const CHANGING = {
  'dry-run': { kind: null, about: 'show what would be done, with before and after, and change nothing' },
  reason: { kind: textKind('TEXT', 'a text'), about: 'why, for the journal' },
  ticket: { kind: textKind('TICKET', 'a text'), about: 'number of a ticket or change request, for the journal' },
  for: { kind: spanKind, about: 'take it back by itself after this time' },
  'confirm-within': {
    kind: spanKind,
    about: 'take it back by itself unless `sluice confirm` comes within this time',
  },
  yes: { kind: null, about: 'do not ask' },
} as const satisfies Record<string, Option>;

/** Several load balancers, wave by wave. */
const WAVES = {
  canary: {
    kind: numberKind('N', 0, MOST_TARGETS),
    about: 'of several load balancers, how many go first, to show whether all is well; default 1',
  },
  wave: { kind: waveKind, about: 'how many follow at a time; default 25%' },
  pause: { kind: durationKind, about: 'time between two waves, after which is looked whether all is well' },
} as const satisfies Record<string, Option>;

const GUARDED = {
  force: { kind: null, about: 'do it although a guard objects; needs --reason' },
  'min-usable': { kind: leastKind, about: 'refuse when fewer servers of the backend would be left to take traffic' },
} as const satisfies Record<string, Option>;

/** All options of an operation by name: its own first. */
export function optionsOf(operation: Operation): Readonly<Record<string, Option>> {
  return {
    ...operation.options,
    ...(operation.danger === 'reads' ? {} : CHANGING),
    ...(operation.danger === 'reads' || operation.together ? {} : WAVES),
    ...(operation.guards.length > 0 ? GUARDED : {}),
    ...ALL,
  };
}

/** Values of the common options; null or false where they were not given. */
export interface CommonValues {
  /** None: the one that is found. */
  readonly target: readonly string[];
  readonly allowUnreachable: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly dryRun: boolean;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly for: number | null;
  readonly confirmWithin: number | null;
  readonly yes: boolean;
  readonly force: boolean;
  readonly minUsable: Least | null;
  readonly canary: number | null;
  readonly wave: WaveSize | null;
  /** ms. */
  readonly pause: number | null;
}

const NONE: CommonValues = {
  target: [],
  allowUnreachable: false,
  json: false,
  quiet: false,
  dryRun: false,
  reason: null,
  ticket: null,
  for: null,
  confirmWithin: null,
  yes: false,
  force: false,
  minUsable: null,
  canary: null,
  wave: null,
  pause: null,
};

/** The common values out of all that were read. */
export function commonValues(values: Readonly<Record<string, unknown>>): CommonValues {
  const entries = Object.keys(NONE).map((name) => [name, values[name] ?? NONE[name as keyof CommonValues]]);
  return Object.fromEntries(entries) as unknown as CommonValues;
}
