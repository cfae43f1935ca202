import { OperationError } from '../errors.ts';
import { findBackend, findServer } from '../find.ts';
import { CAPACITY_GUARDS } from '../guards/guards.ts';
import { choiceKind, serverKind, textKind } from '../kinds.ts';
import { changing, type Step } from '../operation.ts';
import { serversUp } from './ready.ts';
import { sessionsGone, WAIT_OPTIONS } from './sessions-gone.ts';

/** Coming up when `--ready` is asked for, ms. */
const UP_MS = 60_000;

export const addServer = changing({
  name: 'add-server',
  group: 'servers',
  summary: 'add a server to a backend, without a reload',
  parameters: {
    server: { kind: serverKind, about: 'backend and name of the new server' },
    address: { kind: textKind('ADDRESS', 'an address as on a `server` line: `10.0.0.12:8080`'), about: 'where it is' },
    word: {
      kind: textKind('WORD', 'words as they follow the address on a `server` line'),
      about: 'how: check, weight, maxconn, ...',
      optional: true,
      many: true,
    },
  },
  options: {
    from: {
      kind: textKind('NAME', 'a server of the backend, or default-server'),
      about: 'take the settings of this one (HAProxy 3.5, Sluice)',
    },
    ready: { kind: null, about: 'switch its checks on, let it take traffic, and wait until it does' },
  },
  danger: 'changes',
  guards: [],
  makes: ['server.add', 'server.checks', 'server.state'],
  inverse: 'the server is removed again',
  about: [
    'The server is not in the configuration file: write it there too if it is to outlive a restart.',
    'A new server is in maintenance and without checks until it is made ready; `--ready` does both.',
  ],
  examples: [
    {
      command: 'add-server be_app/app4 10.0.0.14:8080 check weight 50 --ready',
      about: 'one more, taking traffic when the command ends',
    },
  ],
  page: 'operations.md',
  plan(values, { state }) {
    const backend = findBackend(state, values.server.backend);
    const name = values.server.server;
    if (backend.servers.some((server) => server.name === name))
      throw new OperationError('refused', `backend '${backend.name}' has a server '${name}' already`);
    const on = { backend: backend.name, server: name } as const;
    const add = { kind: 'server.add', ...on, addr: values.address, from: values.from, words: values.word } as const;
    const steps: Step[] = [{ do: 'change', changes: [add] }];
    if (values.ready) {
      const checks = values.word.includes('check');
      if (checks)
        steps.push({ do: 'change', changes: [{ kind: 'server.checks', ...on, which: 'health', enabled: true }] });
      steps.push({ do: 'change', changes: [{ kind: 'server.state', ...on, to: 'ready' }] });
      steps.push(serversUp([{ backend: backend.name, name }], UP_MS));
    }
    return { steps };
  },
});

const { timeout } = WAIT_OPTIONS;

export const removeServer = changing({
  name: 'remove-server',
  group: 'servers',
  summary: 'drain a server, wait until it is unused, and remove it',
  parameters: { server: { kind: serverKind, about: 'the server' } },
  options: {
    timeout,
    'at-timeout': {
      kind: choiceKind(['stay', 'revert', 'kill']),
      about:
        'what is to happen at the timeout: leave it draining (default), make it what it was, or end the sessions that are left and go on',
    },
  },
  danger: 'dangerous',
  guards: CAPACITY_GUARDS,
  makes: ['server.state', 'sessions.kill-server', 'server.del'],
  inverse: 'where that is known, the server is added again with its settings; its counters begin at 0',
  about: [
    'Drains, waits until no session is left, puts the server into maintenance and removes it. When the sessions do not end in time nothing is removed.',
    'A server of the configuration file comes back with the next restart: take it out of the file too.',
  ],
  examples: [
    { command: 'remove-server be_app/app4 --timeout 10m --yes', about: 'for scripts that scale in' },
    { command: 'remove-server be_app/app4 --timeout 1m --at-timeout kill --yes', about: 'one minute for what is left' },
  ],
  page: 'operations.md',
  plan(values, { state }) {
    const server = findServer(state, values.server);
    const on = { backend: server.backend, server: server.name } as const;
    const kill = values.atTimeout === 'kill';
    const atTimeout = values.atTimeout === 'kill' ? 'go-on' : values.atTimeout;
    const steps: Step[] = [
      { do: 'change', changes: [{ kind: 'server.state', ...on, to: 'drain' }] },
      { ...sessionsGone([server], ['drain', 'maint'], { timeout: values.timeout, atTimeout }), done: 'removed' },
      { do: 'change', changes: [{ kind: 'server.state', ...on, to: 'maint' }] },
    ];
    if (kill) {
      steps.push({ do: 'change', changes: [{ kind: 'sessions.kill-server', ...on }] });
      steps.push({ ...sessionsGone([server], ['maint'], { timeout: 10_000, atTimeout: 'stay' }), done: 'removed' });
    }
    steps.push({ do: 'change', changes: [{ kind: 'server.del', ...on }] });
    return { steps };
  },
});
