import type { Change } from '../../change/change.ts';
import { OperationError } from '../errors.ts';
import { findBackend } from '../find.ts';
import { CAPACITY_GUARDS } from '../guards/guards.ts';
import { durationKind, groupKind, numberKind, type ServerGroup, stepsKind } from '../kinds.ts';
import { changing, type Step } from '../operation.ts';
import type { ServerState, TargetState } from '../state.ts';
import { goesWell } from './goes-well.ts';

const DEFAULT_STEPS = [5, 25, 50, 100];
const DEFAULT_PAUSE_MS = 120_000;
const MAX_WEIGHT = 256;

export const moveTraffic = changing({
  name: 'move-traffic',
  group: 'traffic',
  summary: 'move traffic from some servers of a backend to others, step by step, looking in between',
  parameters: {
    from: { kind: groupKind, about: 'the servers that have it now' },
    to: { kind: groupKind, about: 'the servers that are to have it' },
  },
  options: {
    steps: { kind: stepsKind, about: 'shares of the second group; default 5,25,50,100' },
    every: { kind: durationKind, about: 'time between two steps; default 2m' },
    'max-errors': {
      kind: numberKind('PERCENT', 0, 100),
      about: 'failures of the second group that are too many; default 5',
    },
  },
  danger: 'changes',
  guards: CAPACITY_GUARDS,
  makes: ['server.weight'],
  inverse: 'the weights of before',
  about: [
    'Each step sets the weights of both groups at once, so that the second gets that share of the new sessions of the two. Within a group servers keep the proportions that the configuration gives them. At 100 the first group has weight 0: persistent clients still reach it, and `drain` or `move-traffic` back is a command away.',
    'Between steps it looks whether the servers of the second group are up, and how many of their sessions since the last step failed. When these are more than `--max-errors` percent and more than on the other servers, all weights go back to what they were (exit status 7).',
    'Both groups are in one backend. Between two backends traffic is chosen by `use_backend` rules, which no weight can change: put the servers of both into one backend, or let the rule look up a map and change that.',
  ],
  examples: [
    {
      command: 'move-traffic be_app/blue1,blue2 be_app/green1,green2 --steps 5,25,50,100 --every 2m',
      about: 'blue to green in six minutes',
    },
    {
      command: 'move-traffic be_app/blue* be_app/green* --steps 10 --dry-run',
      about: 'the weights that a tenth would take',
    },
  ],
  page: 'canary.md',
  plan(values, { state }) {
    const from = groupOf(state, values.from);
    const to = groupOf(state, values.to);
    checkGroups(from, to);
    const steps: Step[] = [];
    for (const [i, share] of (values.steps ?? DEFAULT_STEPS).entries()) {
      if (i > 0) steps.push({ do: 'pause', time: values.every ?? DEFAULT_PAUSE_MS }, goesWell(to, values.maxErrors));
      steps.push({ do: 'change', changes: weightsFor(from, to, share) });
    }
    steps.push({ do: 'pause', time: values.every ?? DEFAULT_PAUSE_MS }, goesWell(to, values.maxErrors));
    const named = new Set([...from, ...to].map(({ name }) => name));
    const others = findBackend(state, values.from.backend).servers.filter(
      ({ name, usable }) => usable && !named.has(name),
    );
    const list = others.map(({ name }) => name).join(', ');
    return { steps, notes: others.length === 0 ? [] : [`shares are of the two groups; ${list} keep their weights`] };
  },
});

function groupOf(state: TargetState, { backend: name, names }: ServerGroup): readonly ServerState[] {
  const backend = findBackend(state, name);
  return names.flatMap((pattern) => {
    const expression = new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`);
    const found = backend.servers.filter((server) => expression.test(server.name));
    if (found.length > 0) return found;
    const list = backend.servers.map((server) => server.name).join(', ');
    throw new OperationError(
      'unknown',
      `backend '${backend.name}' has no server '${pattern}'; it has ${list || 'none'}`,
    );
  });
}

function checkGroups(from: readonly ServerState[], to: readonly ServerState[]): void {
  const [first, second] = [from[0]!.backend, to[0]!.backend];
  if (first !== second)
    throw new OperationError(
      'usage',
      `'${first}' and '${second}' are two backends, and weights move traffic within one; between backends use_backend rules choose: let them look up a map, and change that`,
    );
  const both = to.find(({ name }) => from.some((other) => other.name === name));
  if (both) throw new OperationError('usage', `${first}/${both.name} is in both groups`);
  const unfit = to.find(({ admin, oper }) => admin !== 'ready' || oper === 'down');
  if (unfit)
    throw new OperationError(
      'refused',
      `${second}/${unfit.name} takes no traffic (${unfit.status}); make it ready first`,
    );
}

/** The weights that give `to` that share, percent. As fine as weights go: the largest is 256 where that is needed. */
function weightsFor(from: readonly ServerState[], to: readonly ServerState[], share: number): Change[] {
  const parts = [...parted(from, 100 - share), ...parted(to, share)];
  const scale =
    MAX_WEIGHT /
    Math.max(
      ...parted(from, 100)
        .concat(parted(to, 100))
        .map(({ part }) => part),
    );
  return parts.map(({ server: { backend, name }, part }) => {
    const weight = part === 0 ? 0 : Math.max(1, Math.round(part * scale));
    return { kind: 'server.weight', backend, server: name, weight, percent: false };
  });
}

/** Each server's part of a share, in the proportions of the configuration. */
function parted(servers: readonly ServerState[], share: number): { server: ServerState; part: number }[] {
  // Servers that the configuration gives nothing share alike.
  const sum = servers.reduce((total, { fileWeight }) => total + fileWeight, 0);
  return servers.map((server) => ({
    server,
    part: sum === 0 ? share / servers.length : (share * server.fileWeight) / sum,
  }));
}
