import type { Change } from '../../change/change.ts';
import { OperationError } from '../errors.ts';
import { findServer } from '../find.ts';
import { CAPACITY_GUARDS } from '../guards/guards.ts';
import { weightAfter } from '../guards/simulate.ts';
import { numberKind, type Ramp, rampKind, serverKind, type Weight, weightKind } from '../kinds.ts';
import { changing, type Step } from '../operation.ts';
import type { ServerState } from '../state.ts';
import { goesWell } from './goes-well.ts';

/** Steps of a ramp when nothing else is asked for. */
const DEFAULT_STEPS = 10;

export const weight = changing({
  name: 'weight',
  group: 'servers',
  summary: "set a server's share of new sessions, at once or step by step",
  parameters: {
    server: { kind: serverKind, about: 'the server' },
    weight: { kind: weightKind, about: 'its weight, or the word ramp' },
    ramp: { kind: rampKind, about: 'with ramp: where to, and how long it takes', optional: true },
  },
  options: {
    steps: {
      kind: numberKind('N', 1, 100),
      about: 'steps of a ramp; default 10, and never less than 1 of weight each',
    },
  },
  danger: 'changes',
  guards: CAPACITY_GUARDS,
  makes: ['server.weight'],
  inverse: 'the weight it had before',
  about: [
    'The share of a server is its weight among the weights of those that take traffic. 0 gives it nothing new; persistent clients still reach it.',
    'A ramp changes the weight in equal steps. Between two of them it looks whether the server is still up and gives no more errors than the others; when not, the weight that it had at the beginning comes back (exit status 7).',
  ],
  examples: [
    { command: 'weight be_app/app1 50%', about: 'half of what the configuration says' },
    { command: 'weight be_app/app1 ramp 0%:100%:30m', about: 'a new server warms up over half an hour' },
    { command: 'weight be_app/app1 ramp 10:5m --steps 5', about: 'from what it is now to 10' },
  ],
  page: 'canary.md',
  plan(values, { state }) {
    const server = findServer(state, values.server);
    if (values.weight !== 'ramp') {
      if (values.ramp !== null || values.steps !== null)
        throw new OperationError(
          'usage',
          'a ramp and --steps go with the word ramp: weight BACKEND/SERVER ramp 10:100:30m',
        );
      return { steps: [{ do: 'change', changes: [weightChange(server, values.weight)] }] };
    }
    if (values.ramp === null)
      throw new OperationError('usage', 'ramp is missing: where to, and how long it takes, as in 10:100:30m');
    return { steps: rampSteps(server, values.ramp, values.steps ?? DEFAULT_STEPS) };
  },
});

function weightChange({ backend, name }: ServerState, { weight, percent }: Weight): Change {
  return { kind: 'server.weight', backend, server: name, weight, percent };
}

/** First the weight it starts from, then for each step a pause, a look and a change; at the end a last look. */
function rampSteps(server: ServerState, { from, to, over }: Ramp, wanted: number): Step[] {
  const start = from === null ? server.weight : weightAfter(server, from);
  const end = weightAfter(server, to);
  const number = Math.max(1, Math.min(wanted, Math.abs(end - start)));
  const steps: Step[] = [];
  if (from !== null) steps.push({ do: 'change', changes: [weightChange(server, { weight: start, percent: false })] });
  for (let i = 1; i <= number; i++) {
    const weight = i === number ? end : Math.round(start + ((end - start) * i) / number);
    if (i > 1 || from !== null) steps.push({ do: 'pause', time: Math.round(over / number) }, goesWell([server]));
    steps.push({ do: 'change', changes: [weightChange(server, { weight, percent: false })] });
  }
  return steps;
}
