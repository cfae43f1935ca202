import type { Change } from '../../change/change.ts';
import { anonymise } from '../anon.ts';
import { type Answer, dump, error } from '../answer.ts';
import { apply } from '../apply.ts';
import { atoi, backendArgument, frontendArgument } from '../lookup.ts';
import type { Call, Command } from '../registry.ts';

const RATE_LIMIT_USAGE = [
  "'set rate-limit' only supports :",
  "   - 'connections global' to set the per-process maximum connection rate",
  "   - 'sessions global' to set the per-process maximum session rate",
  "   - 'ssl-sessions global' to set the per-process maximum SSL session rate",
  "   - 'http-compression global' to set the per-process maximum compression speed in kB/s",
].join('\n');

const RATES = ['connections', 'sessions', 'ssl-sessions', 'http-compression'] as const;

function setRateLimit(call: Call): Answer | Promise<Answer> {
  const [name, scope, value] = call.args;
  const what = RATES.find((rate) => rate === name);
  if (!what || scope !== 'global') return error(RATE_LIMIT_USAGE);
  if (!value) return error('Expects an integer value.');
  const limit = atoi(value);
  if (limit < 0) return error('Value out of range.');
  return apply(call, { kind: 'global.rate-limit', what, limit });
}

function setGlobalMaxconn(call: Call): Answer | Promise<Answer> {
  const [value] = call.args;
  if (!value) return error('Expects an integer value.');
  const maxconn = atoi(value);
  if (maxconn < 0 || maxconn > call.control.model.limits.hardMaxconn) return error('Value out of range.');
  return apply(call, { kind: 'global.maxconn', maxconn });
}

function setFrontendMaxconn(call: Call): Answer | Promise<Answer> {
  const frontend = frontendArgument(call, call.args[0]);
  if (!frontend.ok) return frontend.answer;
  const value = call.args[1];
  if (!value) return error('Integer value expected.');
  const maxconn = atoi(value);
  if (maxconn < 0) return error('Value out of range.');
  return apply(call, { kind: 'frontend.maxconn', frontend: frontend.value.name, maxconn });
}

function setFrontendState(to: 'enabled' | 'disabled' | 'shutdown') {
  return (call: Call) => {
    const frontend = frontendArgument(call, call.args[0]);
    return frontend.ok ? apply(call, { kind: 'frontend.state', frontend: frontend.value.name, to }) : frontend.answer;
  };
}

function onBackend(change: (backend: string) => Change) {
  return (call: Call) => {
    const backend = backendArgument(call, call.args[0]);
    return backend.ok ? apply(call, change(backend.value.name)) : backend.answer;
  };
}

function setCookieKey(call: Call): Answer | Promise<Answer> {
  const backend = backendArgument(call, call.args[0]);
  if (!backend.ok) return backend.answer;
  if (!call.args[1]) return error('String value expected.');
  return apply(call, { kind: 'backend.dynamic-cookie-key', backend: backend.value.name, key: call.args[1] });
}

function* backendNames({ control, session }: Call): Generator<string> {
  yield '# name\n';
  for (const proxy of control.model.proxies) if (proxy.isBackend) yield `${anonymise(proxy.name, session.anonKey)}\n`;
}

/** Frontends, backends and process-wide limits. */
export const proxyCommands: readonly Command[] = [
  {
    words: 'show backend',
    args: '',
    help: 'list backends in the current running config',
    level: 'user',
    where: 'worker',
    run: (call) => dump(backendNames(call)),
  },
  {
    words: 'disable frontend',
    args: '<frontend>',
    help: 'temporarily disable specific frontend',
    level: 'admin',
    where: 'worker',
    changes: true,
    about: 'Its ports are released until `enable frontend`.',
    run: setFrontendState('disabled'),
  },
  {
    words: 'enable frontend',
    args: '<frontend>',
    help: 're-enable specific frontend',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setFrontendState('enabled'),
  },
  {
    words: 'shutdown frontend',
    args: '<frontend>',
    help: 'stop a specific frontend',
    level: 'admin',
    where: 'worker',
    changes: true,
    about: 'For good: it cannot be enabled again.',
    run: setFrontendState('shutdown'),
  },
  {
    words: 'set maxconn frontend',
    args: '<frontend> <value>',
    help: "change a frontend's maxconn setting",
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setFrontendMaxconn,
  },
  {
    words: 'set maxconn global',
    args: '<value>',
    help: 'change the per-process maxconn setting',
    level: 'admin',
    where: 'worker',
    changes: true,
    about: 'Up to the value fixed at start; 0 restores that one.',
    run: setGlobalMaxconn,
  },
  {
    words: 'set rate-limit',
    args: '<setting> <value>',
    help: 'change a rate limiting value',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setRateLimit,
  },
  {
    words: 'enable dynamic-cookie backend',
    args: '<bk>',
    help: 'enable dynamic cookies on a specific backend',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: onBackend((backend) => ({ kind: 'backend.dynamic-cookie', backend, enabled: true })),
  },
  {
    words: 'disable dynamic-cookie backend',
    args: '<bk>',
    help: 'disable dynamic cookies on a specific backend',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: onBackend((backend) => ({ kind: 'backend.dynamic-cookie', backend, enabled: false })),
  },
  {
    words: 'set dynamic-cookie-key backend',
    args: '<bk> <k>',
    help: 'change a backend secret key for dynamic cookies',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setCookieKey,
  },
];
