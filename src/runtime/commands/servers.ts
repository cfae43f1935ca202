import { findProxy } from '../../model/model.ts';
import type { Server } from '../../model/server.ts';
import { CheckState } from '../../model/server.ts';
import { anonymise } from '../anon.ts';
import { type Answer, dump, error } from '../answer.ts';
import { apply } from '../apply.ts';
import { serverArgument } from '../lookup.ts';
import type { Call, Command } from '../registry.ts';
import { connectionLines, stateLines } from '../servers/state.ts';
import { SET_SERVER, SET_SERVER_USAGE } from './set-server.ts';

function getWeight(call: Call): Answer {
  const server = serverArgument(call, call.args[0]);
  return server.ok ? dump(`${server.value.userWeight} (initial ${server.value.initialWeight})\n`) : server.answer;
}

/** A handler of a command whose first argument is a server. */
function onServer(
  run: (call: Call, names: { backend: string; server: string }, server: Server) => Answer | Promise<Answer>,
) {
  return (call: Call) => {
    const found = serverArgument(call, call.args[0]);
    if (!found.ok) return found.answer;
    return run(call, { backend: found.value.proxy.name, server: found.value.name }, found.value);
  };
}

const setServer = onServer((call, names, server) => {
  const [, what = '', ...values] = call.args;
  const run = SET_SERVER[what];
  if (!run) return error(SET_SERVER_USAGE);
  const made = run({ ...names }, server, values);
  return typeof made === 'string' ? error(made) : apply(call, made);
});

const setMaxconn = onServer((call, names) => {
  const text = call.args[1] ?? '';
  if (text === '') return error('Require <maxconn>.');
  const number = /^\s*[+-]?\d+/.exec(text)?.[0];
  if (number === undefined) return error('maxconn string empty or preceded by garbage');
  if (number !== text) return error('Trailing garbage in maxconn string');
  return apply(call, { kind: 'server.maxconn', ...names, maxconn: Number(number) });
});

const setWeight = onServer((call, names, server) => {
  const made = SET_SERVER['weight']!(names, server, call.args.slice(1));
  return typeof made === 'string' ? error(made) : apply(call, made);
});

function setChecks(which: 'health' | 'agent', enabled: boolean) {
  return onServer((call, names, server) => {
    const configured = ((which === 'health' ? server.check : server.agent)?.state ?? 0) & CheckState.configured;
    if (enabled && !configured) {
      return error(
        `${which === 'health' ? 'Health check' : 'Agent'} was not configured on this server, cannot enable.`,
      );
    }
    return configured ? apply(call, { kind: 'server.checks', ...names, which, enabled }) : { kind: 'nothing' };
  });
}

/** `show servers state|conn [<backend>]`. */
function listing(lines: typeof stateLines) {
  return ({ args, control, session }: Call): Answer => {
    const { model } = control;
    const hide = (text: string) => anonymise(text, session.anonKey);
    const proxy = args[0] ? findProxy(model, args[0], 'backend') : null;
    if (args[0] && !proxy) return error("Can't find backend.");
    return dump(lines({ model, proxies: proxy ? [proxy] : model.proxies, now: Date.now(), hide }));
  };
}

/** State, weight, address, checks of servers. */
export const serverCommands: readonly Command[] = [
  {
    words: 'show servers state',
    args: '[<backend>]',
    help: 'dump volatile server information (all or for a single backend)',
    level: 'user',
    where: 'worker',
    about: 'In the format of `server-state-file`, version 1. A backend is given by name or `#id`.',
    run: listing(stateLines),
  },
  {
    words: 'show servers conn',
    args: '[<backend>]',
    help: 'dump server connections status (all or for a single backend)',
    level: 'user',
    where: 'worker',
    run: listing(connectionLines),
  },
  {
    words: 'get weight',
    args: '<bk>/<srv>',
    help: "report a server's current weight",
    level: 'user',
    where: 'worker',
    run: getWeight,
  },
  {
    words: 'set weight',
    args: '<bk>/<srv>  (DEPRECATED)',
    help: "change a server's weight (use 'set server' instead)",
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setWeight,
  },
  {
    words: 'set server',
    args: '<bk>/<srv> [opts]',
    help: "change a server's state, weight, address or ssl",
    level: 'admin',
    where: 'worker',
    changes: true,
    about:
      'What can be set: `state ready|drain|maint`, `weight <n>[%]`, `addr <ip> [port <port>]`, `fqdn <name>`, `health up|stopping|down`, `agent up|down`, `check-addr`, `check-port`, `agent-addr`, `agent-port`, `agent-send`, `ssl on|off`, `name <name>`. A port above 65535 wraps, as in HAProxy: 70000 is 4464.',
    run: setServer,
  },
  {
    words: 'disable server',
    args: '(DEPRECATED)',
    help: "disable a server for maintenance (use 'set server' instead)",
    level: 'admin',
    where: 'worker',
    changes: true,
    run: onServer((call, names) => apply(call, { kind: 'server.state', ...names, to: 'maint' })),
  },
  {
    words: 'enable server',
    args: ' (DEPRECATED)',
    help: "enable a disabled server (use 'set server' instead)",
    level: 'admin',
    where: 'worker',
    changes: true,
    run: onServer((call, names) => apply(call, { kind: 'server.state', ...names, to: 'ready' })),
  },
  {
    words: 'disable health',
    args: '',
    help: 'disable health checks',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setChecks('health', false),
  },
  {
    words: 'enable health',
    args: '',
    help: 'enable health checks',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setChecks('health', true),
  },
  {
    words: 'disable agent',
    args: '',
    help: 'disable agent checks',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setChecks('agent', false),
  },
  {
    words: 'enable agent',
    args: '',
    help: 'enable agent checks',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setChecks('agent', true),
  },
  {
    words: 'set maxconn server',
    args: '<bk>/<srv>',
    help: "change a server's maxconn setting",
    level: 'admin',
    where: 'worker',
    changes: true,
    run: setMaxconn,
  },
];
