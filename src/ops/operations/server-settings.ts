import { isIP } from 'node:net';
import { OperationError } from '../errors.ts';
import { findServer } from '../find.ts';
import { CAPACITY_GUARDS } from '../guards/guards.ts';
import { addressKind, choiceKind, numberKind, serverKind } from '../kinds.ts';
import { changing } from '../operation.ts';
import { count } from '../text.ts';

const SERVER = { kind: serverKind, about: 'the server' } as const;

export const health = changing({
  name: 'health',
  group: 'servers',
  summary: 'say what health checks are to have found, until they find something else',
  parameters: {
    server: SERVER,
    state: { kind: choiceKind(['up', 'stopping', 'down']), about: 'what they are to have found' },
  },
  options: {},
  danger: 'changes',
  guards: CAPACITY_GUARDS,
  makes: ['server.health'],
  inverse: 'what checks had found before',
  about: [
    'The next check may find otherwise; `checks off` stops them. To keep traffic off a server use `drain` or `maint`.',
  ],
  examples: [
    { command: 'health be_app/app1 down --reason "wrong answers"', about: 'out at once, back when checks pass again' },
  ],
  page: 'operations.md',
  plan({ server, state: to }, { state }) {
    const { backend, name } = findServer(state, server);
    return { steps: [{ do: 'change', changes: [{ kind: 'server.health', backend, server: name, to }] }] };
  },
});

export const agent = changing({
  name: 'agent',
  group: 'servers',
  summary: 'say what the agent check is to have found, until it says something else',
  parameters: { server: SERVER, state: { kind: choiceKind(['up', 'down']), about: 'what it is to have found' } },
  options: {},
  danger: 'changes',
  guards: CAPACITY_GUARDS,
  makes: ['server.agent'],
  inverse: 'what the agent had said before',
  about: ['For servers with `agent-check` only.'],
  examples: [{ command: 'agent be_app/app1 up', about: 'overrule an agent that says down' }],
  page: 'operations.md',
  plan({ server, state: to }, { state }) {
    const found = findServer(state, server);
    const { backend, name } = found;
    if (found.agent === null)
      throw new OperationError('unknown', `${backend}/${name} has no agent check; its server line needs agent-check`);
    return { steps: [{ do: 'change', changes: [{ kind: 'server.agent', backend, server: name, to }] }] };
  },
});

export const checks = changing({
  name: 'checks',
  group: 'servers',
  summary: 'switch health checks or the agent check of a server on or off',
  parameters: { server: SERVER, state: { kind: choiceKind(['on', 'off']), about: 'on or off' } },
  options: { agent: { kind: null, about: 'the agent check instead of health checks' } },
  danger: 'changes',
  guards: [],
  makes: ['server.checks'],
  inverse: 'checks as they were before',
  about: [
    'Without checks a server stays what it was found to be last; a server that fails then goes on getting traffic.',
  ],
  examples: [{ command: 'checks be_app/app1 off --for 15m', about: 'a quarter of an hour without checks' }],
  page: 'operations.md',
  plan(values, { state }) {
    const found = findServer(state, values.server);
    const { backend, name } = found;
    const which = values.agent ? 'agent' : 'health';
    if ((values.agent ? found.agent : found.check) === null)
      throw new OperationError('unknown', `${backend}/${name} has no ${which} check configured`);
    const change = { kind: 'server.checks', backend, server: name, which, enabled: values.state === 'on' } as const;
    return { steps: [{ do: 'change', changes: [change] }] };
  },
});

export const setAddr = changing({
  name: 'set-addr',
  group: 'servers',
  summary: 'send traffic for a server to another address, port or name',
  parameters: { server: SERVER, address: { kind: addressKind, about: 'where to' } },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['server.addr', 'server.fqdn'],
  inverse: 'the address it had before',
  about: [
    'New connections go there; those that are open stay where they are. Checks follow unless they have an address of their own.',
    'A host name needs `resolvers` on the server line.',
  ],
  examples: [
    { command: 'set-addr be_app/app1 10.0.0.12:8080', about: 'another machine' },
    { command: 'set-addr be_app/app1 :8081', about: 'another port of the same' },
  ],
  page: 'operations.md',
  plan({ server, address: { host, port } }, { state }) {
    const { backend, name, sessions } = findServer(state, server);
    const on = { backend, server: name };
    const notes =
      sessions > 0 ? [`${backend}/${name} has ${count(sessions, 'session')}; they stay where they are`] : [];
    if (host !== null && isIP(host) === 0) {
      if (port !== null)
        throw new OperationError('usage', 'a host name comes without a port; set the port alone with :PORT');
      return { steps: [{ do: 'change', changes: [{ kind: 'server.fqdn', ...on, fqdn: host }] }], notes };
    }
    // A port alone goes with the address as it is.
    const addr = host ?? findServer(state, server).address;
    return { steps: [{ do: 'change', changes: [{ kind: 'server.addr', ...on, addr, port }] }], notes };
  },
});

export const serverMaxconn = changing({
  name: 'server-maxconn',
  group: 'servers',
  summary: 'set how many sessions a server gets at a time; more wait in the queue',
  parameters: {
    server: SERVER,
    maxconn: { kind: numberKind('SESSIONS', 0, 10_000_000), about: 'the limit; 0 is none' },
  },
  options: {},
  danger: 'changes',
  guards: CAPACITY_GUARDS,
  makes: ['server.maxconn'],
  inverse: 'the limit it had before',
  about: ['Sessions over a new limit go on; nothing new comes until they are below it.'],
  examples: [{ command: 'server-maxconn be_app/app1 50 --confirm-within 5m', about: 'try a lower limit' }],
  page: 'operations.md',
  plan({ server, maxconn }, { state }) {
    const { backend, name } = findServer(state, server);
    return { steps: [{ do: 'change', changes: [{ kind: 'server.maxconn', backend, server: name, maxconn }] }] };
  },
});
