import { findProxy } from '../../model/model.ts';
import { type Answer, dump, error } from '../answer.ts';
import { apply } from '../apply.ts';
import { serverArgument, splitServerPath } from '../lookup.ts';
import type { Call, Command } from '../registry.ts';
import { DYNAMIC_SERVER_KEYWORDS } from '../servers/keywords.ts';

function addServer(call: Call): Answer | Promise<Answer> {
  const [path, addr, ...rest] = call.args;
  if (path === 'help')
    return dump([
      'List of keywords supported for dynamic server:\n',
      ...DYNAMIC_SERVER_KEYWORDS.map((keyword) => `${keyword}\n`),
    ]);
  const names = splitServerPath(path);
  if (!names) return error("Require 'backend/server'.");
  const backend = findProxy(call.control.model, names.backend, 'backend');
  if (!backend) return error('No such backend.');
  if (!addr) return error("'server' expects <name> and <addr>[:<port>] as arguments.");
  const from = rest[0] === 'from' ? (rest[1] ?? '') : null;
  if (from !== null && !/^(none|be:.*|srv:.+)$/.test(from)) return error(`invalid '${from}' value for 'from' keyword.`);
  return apply(call, {
    kind: 'server.add',
    backend: backend.name,
    server: names.server,
    addr,
    from,
    words: from === null ? rest : rest.slice(2),
  });
}

function delServer(call: Call): Answer | Promise<Answer> {
  const server = serverArgument(call, call.args[0]);
  return server.ok
    ? apply(call, { kind: 'server.del', backend: server.value.proxy.name, server: server.value.name })
    : server.answer;
}

const ADD_BACKEND_USAGE = 'Usage: add backend <name> from <defproxy> [mode <px_mode>] [guid <val>].';

function addBackend(call: Call): Answer | Promise<Answer> {
  const [backend, word, from, ...options] = call.args;
  if (!backend) return error('Require backend name.');
  if (word !== 'from' || !from) return error(ADD_BACKEND_USAGE);
  let mode: 'tcp' | 'http' | null = null;
  let guid: string | null = null;
  for (let i = 0; i < options.length; i += 2) {
    const value = options[i + 1];
    if (options[i] === 'mode' && (value === 'tcp' || value === 'http')) mode = value;
    else if (options[i] === 'guid' && value) guid = value;
    else return error(ADD_BACKEND_USAGE);
  }
  return apply(call, { kind: 'backend.add', backend, from, mode, guid });
}

/** Commands whose argument is a backend's name; without it no backend is found. */
function onBackend(change: (backend: string) => Parameters<typeof apply>[1]) {
  return (call: Call) => {
    const backend = findProxy(call.control.model, call.args[0] ?? '', 'backend');
    return backend ? apply(call, change(backend.name)) : error('No such backend.');
  };
}

function* defaultServers({ control }: Call, only: string | null): Generator<string> {
  const { model } = control;
  for (const { name, isBackend } of model.proxies) {
    if (isBackend && Object.hasOwn(model.config.defaultServers, name) && (only ?? name) === name) yield `* ${name}\n`;
  }
}

function showDefaultServer(call: Call): Answer {
  const [name] = call.args;
  if (!name) return dump(defaultServers(call, null));
  const backend = findProxy(call.control.model, name, 'backend');
  return backend ? dump(defaultServers(call, backend.name)) : error("Can't find backend.");
}

/** Servers and backends that come and go without a reload. */
export const dynamicCommands: readonly Command[] = [
  {
    words: 'add server',
    args: '<bk>/<srv>',
    help: 'create a new server',
    level: 'admin',
    where: 'worker',
    changes: true,
    about:
      '`add server <backend>/<server> <addr>[:<port>] [from none|be:[<backend>]|srv:[<backend>/]<server>] [keywords]*`; it starts in maintenance, without checks. `add server help` lists the keywords.',
    run: addServer,
  },
  {
    words: 'del server',
    args: '<bk>/<srv>',
    help: 'remove a dynamically added server',
    level: 'admin',
    where: 'worker',
    changes: true,
    about: 'It must be in maintenance, idle, and referred to by nothing.',
    run: delServer,
  },
  {
    words: 'add backend',
    args: '<backend>',
    help: 'add a new backend',
    level: 'admin',
    where: 'worker',
    changes: true,
    about:
      '`add backend <name> from <defaults> [mode tcp|http] [guid <guid>]`; it takes traffic after `publish backend`.',
    run: addBackend,
  },
  {
    words: 'del backend',
    args: '<backend>',
    help: 'delete a backend',
    level: 'admin',
    where: 'worker',
    changes: true,
    about: 'It must be unpublished, without servers, idle, and referred to by nothing.',
    run: onBackend((backend) => ({ kind: 'backend.del', backend })),
  },
  {
    words: 'publish backend',
    args: '<backend>',
    help: 'mark backend as ready for traffic',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: onBackend((backend) => ({ kind: 'backend.publish', backend, published: true })),
  },
  {
    words: 'unpublish backend',
    args: '<backend>',
    help: 'remove backend for traffic processing',
    level: 'admin',
    where: 'worker',
    changes: true,
    about: 'Content switching skips it; its checks go on.',
    run: onBackend((backend) => ({ kind: 'backend.publish', backend, published: false })),
  },
  {
    words: 'show defaults',
    args: '',
    help: 'list the named defaults sections',
    level: 'user',
    where: 'worker',
    about: 'Those that `add backend` can take settings from.',
    run: ({ control }) => dump(control.model.config.defaults.map((section) => `${section.name}\n`)),
  },
  {
    words: 'show default-server',
    args: '[<backend>]',
    help: 'list the default-server settings',
    level: 'user',
    where: 'worker',
    about: 'Those that `add server ... from` can take settings from.',
    run: showDefaultServer,
  },
];
