import { OperationError } from '../errors.ts';
import { findServer } from '../find.ts';
import { CAPACITY_GUARDS } from '../guards/guards.ts';
import { serverKind } from '../kinds.ts';
import { changing, type Step } from '../operation.ts';
import { count } from '../text.ts';
import { sessionsGone, WAIT_OPTIONS } from './sessions-gone.ts';

const { wait, timeout } = WAIT_OPTIONS;

export const maint = changing({
  name: 'maint',
  group: 'servers',
  summary: 'put servers into maintenance: no sessions at all, no checks',
  parameters: { server: { kind: serverKind, about: 'the servers', many: true } },
  options: { wait, timeout },
  danger: 'changes',
  guards: CAPACITY_GUARDS,
  makes: ['server.state'],
  inverse: 'the state they had before',
  about: [
    'A server in maintenance gets nothing new, not even what persistence ties to it, and is not checked. Sessions that it has go on until they end.',
    '`drain --then maint` is gentler: it lets persistent clients finish first.',
  ],
  examples: [
    {
      command: 'maint be_app/app1 --reason "kernel update" --ticket OPS-214',
      about: 'at once, with the reason in the journal',
    },
    {
      command: 'maint be_app/app1 be_app/app2 --confirm-within 5m',
      about: 'two together, back by themselves unless confirmed',
    },
  ],
  page: 'drain.md',
  plan(values, { state }) {
    const servers = values.server.map((name) => findServer(state, name));
    if (!values.wait && values.timeout !== null)
      throw new OperationError('usage', '--timeout is about waiting; add --wait');
    const steps: Step[] = [
      {
        do: 'change',
        changes: servers.map(({ backend, name }) => ({ kind: 'server.state', backend, server: name, to: 'maint' })),
      },
    ];
    if (values.wait) steps.push(sessionsGone(servers, ['maint'], { timeout: values.timeout, atTimeout: 'stay' }));
    const busy = servers.filter(({ sessions }) => sessions > 0);
    const notes = busy.map(
      ({ backend, name, sessions }) =>
        `${backend}/${name} has ${count(sessions, 'session')}; they go on until they end`,
    );
    return { steps, notes };
  },
});
