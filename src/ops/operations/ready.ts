import { OperationError } from '../errors.ts';
import { findServer, serverIn } from '../find.ts';
import { durationKind, serverKind } from '../kinds.ts';
import { changing, type Step, type WaitStep } from '../operation.ts';
import type { ServerState } from '../state.ts';
import { count } from '../text.ts';

/** Coming up when nothing else is asked for, ms. */
const DEFAULT_TIMEOUT_MS = 60_000;

export const ready = changing({
  name: 'ready',
  group: 'servers',
  summary: 'let servers take traffic again',
  parameters: { server: { kind: serverKind, about: 'the servers', many: true } },
  options: {
    wait: { kind: null, about: 'wait until they take traffic: checks find them up, and their weight is above 0' },
    timeout: { kind: durationKind, about: 'how long to wait at most; default 1m' },
  },
  danger: 'changes',
  guards: [],
  makes: ['server.state'],
  inverse: 'the state they had before',
  about: [
    'Ends maintenance and draining. Checks decide whether the server is up; `--wait` waits for that, and exits with 5 when it does not come.',
    'A weight of 0 keeps new sessions off a ready server; the operation says so.',
  ],
  examples: [
    { command: 'ready be_app/app1 --wait', about: 'and know that it takes traffic' },
    { command: 'ready be_app/app1 --wait --json', about: 'for scripts: one line of JSON an event' },
  ],
  page: 'drain.md',
  plan(values, { state }) {
    const servers = values.server.map((name) => findServer(state, name));
    if (!values.wait && values.timeout !== null)
      throw new OperationError('usage', '--timeout is about waiting; add --wait');
    const changes = servers.map(
      ({ backend, name }) => ({ kind: 'server.state', backend, server: name, to: 'ready' }) as const,
    );
    const steps: Step[] = [{ do: 'change', changes }];
    if (values.wait) steps.push(serversUp(servers, values.timeout ?? DEFAULT_TIMEOUT_MS));
    const weightless = servers.filter(({ weight }) => weight === 0);
    return {
      steps,
      notes: weightless.map(({ backend, name }) => `${backend}/${name} has weight 0: it gets no new sessions`),
    };
  },
});

/** The wait until all of these servers take traffic. */
export function serversUp(servers: readonly Pick<ServerState, 'backend' | 'name'>[], timeout: number): WaitStep {
  const names = servers.map(({ backend, name }) => `${backend}/${name}`);
  return {
    do: 'wait',
    what: `${names.join(', ')} taking traffic`,
    done: 'up',
    timeout,
    atTimeout: 'stay',
    probe(state) {
      const now = servers.map(({ backend, name }) => serverIn(state, backend, name));
      const waiting = now.flatMap((server, i) => (server?.usable ? [] : [`${names[i]} (${server?.status ?? 'gone'})`]));
      const taken = now.findIndex((server) => server === null || server.admin !== 'ready');
      return {
        done: waiting.length === 0,
        count: waiting.length,
        left: waiting.length === 0 ? 'all up' : `${count(waiting.length, 'server')} not up: ${waiting.join(', ')}`,
        overtaken: taken < 0 ? null : `somebody else made ${names[taken]} ${now[taken]?.admin ?? 'disappear'}`,
      };
    },
  };
}
