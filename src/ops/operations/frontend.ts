import { findFrontend } from '../find.ts';
import { FRONTEND_GUARDS } from '../guards/guards.ts';
import { frontendKind, numberKind } from '../kinds.ts';
import { changing } from '../operation.ts';
import { count } from '../text.ts';

const PARAMETER = { kind: frontendKind, about: 'the frontends', many: true } as const;

export const frontendDisable = changing({
  name: 'frontend disable',
  group: 'frontends',
  summary: 'stop frontends from listening; what is connected goes on',
  parameters: { frontend: PARAMETER },
  options: {},
  danger: 'dangerous',
  guards: [],
  makes: ['frontend.state'],
  inverse: 'the frontends listen again',
  about: ['The port is free then: another process may take it, and `frontend enable` fails as long as it has it.'],
  examples: [{ command: 'frontend disable fe_web --for 10m --yes', about: 'closed for ten minutes' }],
  page: 'operations.md',
  plan({ frontend }, { state }) {
    const found = frontend.map((name) => findFrontend(state, name));
    const notes = found.map(({ name, sessions }) => `${name} has ${count(sessions, 'connection')}; they go on`);
    const changes = found.map(({ name }) => ({ kind: 'frontend.state', frontend: name, to: 'disabled' }) as const);
    return { steps: [{ do: 'change', changes }], notes };
  },
});

export const frontendEnable = changing({
  name: 'frontend enable',
  group: 'frontends',
  summary: 'let disabled frontends listen again',
  parameters: { frontend: PARAMETER },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['frontend.state'],
  inverse: 'the frontends stop listening again',
  about: ['All of the addresses are bound again; when another process has one of them meanwhile, that is the answer.'],
  examples: [{ command: 'frontend enable fe_web', about: 'open again' }],
  page: 'operations.md',
  plan({ frontend }, { state }) {
    const found = frontend.map((name) => findFrontend(state, name));
    const changes = found.map(({ name }) => ({ kind: 'frontend.state', frontend: name, to: 'enabled' }) as const);
    return { steps: [{ do: 'change', changes }] };
  },
});

export const frontendMaxconn = changing({
  name: 'frontend maxconn',
  group: 'frontends',
  summary: 'set how many connections a frontend takes at a time',
  parameters: {
    frontend: { kind: frontendKind, about: 'the frontend' },
    maxconn: { kind: numberKind('CONNECTIONS', 1, 10_000_000), about: 'the limit' },
  },
  options: {},
  danger: 'changes',
  guards: FRONTEND_GUARDS,
  makes: ['frontend.maxconn'],
  inverse: 'the limit that it had before',
  about: ['Connections over the limit wait in the kernel until others end; nothing that is open is closed.'],
  examples: [{ command: 'frontend maxconn fe_web 5000', about: 'more room, until the next reload says otherwise' }],
  page: 'operations.md',
  plan({ frontend, maxconn }, { state }) {
    const { name } = findFrontend(state, frontend);
    return { steps: [{ do: 'change', changes: [{ kind: 'frontend.maxconn', frontend: name, maxconn }] }] };
  },
});
