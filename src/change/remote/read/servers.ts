import type { Change } from '../../change.ts';
import { oneOf, type Reader, serverPath, type Words, wholeNumber } from './reader.ts';

type ServerName = { readonly backend: string; readonly server: string };

/** What stands behind `set server <backend>/<server>`, by its first word. */
const ATTRIBUTES: Readonly<Record<string, (name: ServerName, args: Words) => Change | null>> = {
  state: (name, [word]) => {
    const to = oneOf(word, ['ready', 'drain', 'maint']);
    return to && { kind: 'server.state', ...name, to };
  },
  health: (name, [word]) => {
    const to = oneOf(word, ['up', 'stopping', 'down']);
    return to && { kind: 'server.health', ...name, to };
  },
  agent: (name, [word]) => {
    const to = oneOf(word, ['up', 'down']);
    return to && { kind: 'server.agent', ...name, to };
  },
  ssl: (name, [word]) => {
    const to = oneOf(word, ['on', 'off']);
    return to && { kind: 'server.ssl', ...name, enabled: to === 'on' };
  },
  weight,
  addr(name, [addr, word, port]) {
    if (!addr || (word !== undefined && word !== 'port')) return null;
    return { kind: 'server.addr', ...name, addr, port: port ?? null };
  },
  fqdn: (name, [fqdn]) => (fqdn ? { kind: 'server.fqdn', ...name, fqdn } : null),
  'check-addr': (name, args) => checkTarget('server.check-addr', name, args),
  'check-port': (name, [port]) => checkPort('server.check-addr', name, port),
  'agent-addr': (name, args) => checkTarget('server.agent-addr', name, args),
  'agent-port': (name, [port]) => checkPort('server.agent-addr', name, port),
  'agent-send': (name, [send]) => (send ? { kind: 'server.agent-send', ...name, send } : null),
  name: (server, [name]) => (name ? { kind: 'server.name', ...server, name } : null),
};

function weight(name: ServerName, [word]: Words): Change | null {
  const [, digits, percent] = /^(\d{1,9})(%?)$/.exec(word ?? '') ?? [];
  return digits === undefined
    ? null
    : { kind: 'server.weight', ...name, weight: Number(digits), percent: percent === '%' };
}

type CheckKind = 'server.check-addr' | 'server.agent-addr';

function checkTarget(kind: CheckKind, name: ServerName, [addr, word, digits]: Words): Change | null {
  if (!addr) return null;
  if (word === undefined) return { kind, ...name, addr, port: null };
  const port = wholeNumber(digits);
  return word === 'port' && port !== null ? { kind, ...name, addr, port } : null;
}

function checkPort(kind: CheckKind, name: ServerName, digits: string | undefined): Change | null {
  const port = wholeNumber(digits);
  return port === null ? null : { kind, ...name, addr: null, port };
}

/** A command whose first argument is a server. */
function onServer(make: (name: ServerName, args: Words) => Change | null): Reader {
  return ([path, ...args]) => {
    const name = serverPath(path);
    return name && make(name, args);
  };
}

function checks(which: 'health' | 'agent', enabled: boolean): Reader {
  return onServer((name) => ({ kind: 'server.checks', ...name, which, enabled }));
}

/** Commands about servers that are there. */
export const serverReaders: Readonly<Record<string, Reader>> = {
  'set server': onServer((name, [attribute = '', ...args]) =>
    Object.hasOwn(ATTRIBUTES, attribute) ? ATTRIBUTES[attribute]!(name, args) : null,
  ),
  'set weight': onServer(weight),
  'set maxconn server': onServer((name, [word]) => {
    const maxconn = wholeNumber(word);
    return maxconn === null ? null : { kind: 'server.maxconn', ...name, maxconn };
  }),
  'enable server': onServer((name) => ({ kind: 'server.state', ...name, to: 'ready' })),
  'disable server': onServer((name) => ({ kind: 'server.state', ...name, to: 'maint' })),
  'enable health': checks('health', true),
  'disable health': checks('health', false),
  'enable agent': checks('agent', true),
  'disable agent': checks('agent', false),
};

/** Commands that make and take away servers and backends. */
export const dynamicReaders: Readonly<Record<string, Reader>> = {
  'add server': onServer((name, [addr, ...rest]) => {
    if (!addr || addr === 'help') return null;
    const from = rest[0] === 'from' ? (rest[1] ?? null) : null;
    return { kind: 'server.add', ...name, addr, from, words: from === null ? rest : rest.slice(2) };
  }),
  'del server': onServer((name) => ({ kind: 'server.del', ...name })),
  'add backend': ([backend, ...rest]) => {
    const options = new Map<string, string>();
    for (let i = 0; i < rest.length; i += 2) options.set(rest[i]!, rest[i + 1] ?? '');
    const from = options.get('from');
    const mode = options.has('mode') ? oneOf(options.get('mode'), ['tcp', 'http']) : null;
    const isKnown = [...options.keys()].every((option) => ['from', 'mode', 'guid'].includes(option));
    if (!backend || !from || !isKnown || options.has('mode') !== (mode !== null)) return null;
    return { kind: 'backend.add', backend, from, mode, guid: options.get('guid') ?? null };
  },
  'del backend': ([backend]) => (backend ? { kind: 'backend.del', backend } : null),
  'publish backend': ([backend]) => (backend ? { kind: 'backend.publish', backend, published: true } : null),
  'unpublish backend': ([backend]) => (backend ? { kind: 'backend.publish', backend, published: false } : null),
};
