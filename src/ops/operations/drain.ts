import { OperationError } from '../errors.ts';
import { findServer } from '../find.ts';
import { CAPACITY_GUARDS } from '../guards/guards.ts';
import { choiceKind, serverKind } from '../kinds.ts';
import { changing, type Step } from '../operation.ts';
import { sessionsGone, WAIT_OPTIONS } from './sessions-gone.ts';

export const drain = changing({
  name: 'drain',
  group: 'servers',
  summary: 'give servers no new sessions and let those they have end',
  parameters: { server: { kind: serverKind, about: 'the servers to drain', many: true } },
  options: {
    ...WAIT_OPTIONS,
    // biome-ignore lint/suspicious/noThenProperty: it is the name of an option, in a table that is never awaited.
    then: {
      kind: choiceKind(['maint']),
      about: 'put them into maintenance once their sessions have ended; waits for that',
    },
  },
  danger: 'changes',
  guards: CAPACITY_GUARDS,
  makes: ['server.state'],
  inverse: 'the state they had before',
  about: [
    'A draining server takes no new sessions, but those that persistence ties to it; what it has goes on. Checks go on too.',
    'With `--wait` the operation ends when the last session has: `drained`, exit status 0. At the timeout it says how many are left, and exits with 5.',
    'When somebody else makes the server ready meanwhile, the operation ends and says so; it does not fight.',
  ],
  examples: [
    {
      command: 'drain be_app/app1 --wait --timeout 10m --then maint',
      about: 'empty a server, then keep everything off it',
    },
    { command: 'drain be_app/app1 --for 30m --reason "new disk"', about: 'ready again by itself after half an hour' },
    { command: 'drain be_app/app1 --dry-run', about: 'what would be done, and how many sessions there are' },
  ],
  page: 'drain.md',
  plan(values, { state }) {
    const servers = values.server.map((name) => findServer(state, name));
    const waits = values.wait || values.then !== null;
    if (!waits && (values.timeout !== null || values.atTimeout !== null))
      throw new OperationError('usage', '--timeout and --at-timeout are about waiting; add --wait');
    const to = (state: 'drain' | 'maint'): Step => ({
      do: 'change',
      changes: servers.map(({ backend, name }) => ({ kind: 'server.state', backend, server: name, to: state })),
    });
    const steps = [to('drain')];
    if (waits) steps.push(sessionsGone(servers, ['drain', 'maint'], values));
    if (values.then !== null) steps.push(to(values.then));
    return { steps };
  },
});
