import type { Change, ChangeKind, ChangeOf } from './change.ts';

/** Tells what a member must be, or null when it is that. */
type Check = (value: unknown) => string | null;

/** Longest text of a member. */
const LONGEST = 4096;

const text: Check = (value) =>
  typeof value === 'string' && value.length <= LONGEST && !/[\0\r\n]/.test(value)
    ? null
    : `a text of one line and at most ${LONGEST} characters`;
const flag: Check = (value) => (typeof value === 'boolean' ? null : 'true or false');
const whole: Check = (value) => (Number.isSafeInteger(value) ? null : 'a whole number');
const oneOf =
  (...words: string[]): Check =>
  (value) =>
    words.includes(value as string) ? null : `one of ${words.join(', ')}`;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value) === null ? null : `null or ${check(value)}`;
const texts: Check = (value) =>
  Array.isArray(value) && value.length <= 64 && value.every((one) => text(one) === null)
    ? null
    : 'a list of at most 64 texts';
const name: Check = (value) =>
  typeof value === 'string' && /^[A-Za-z0-9_:.-]{1,255}$/.test(value) ? null : "letters, digits, '_', ':', '.' and '-'";
const variable: Check = (value) =>
  typeof value === 'string' && /^[A-Za-z0-9_.]{1,255}$/.test(value) ? null : "letters, digits, '_' and '.'";
const typed: Check = (value) => {
  const { type, value: inner } = (value ?? {}) as { type?: unknown; value?: unknown };
  const fits =
    (type === 'str' && text(inner) === null) ||
    (type === 'sint' && whole(inner) === null) ||
    (type === 'bool' && flag(inner) === null);
  return fits ? null : '{"type": "str", "sint" or "bool", "value": ...}';
};
const scope: Check = (value) => {
  if (value === 'maxima' || value === 'all') return null;
  const { backend, server } = (value ?? {}) as { backend?: unknown; server?: unknown };
  return text(backend) === null && orNull(text)(server) === null
    ? null
    : '"maxima", "all" or {"backend": ..., "server": ... or null}';
};

/** Data of an entry that one Change may set. */
const MOST_DATA = 128;

const data: Check = (value) => {
  const members = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : null;
  const fits =
    members !== null &&
    members.length <= MOST_DATA &&
    members.every(([name, one]) => /^[a-z0-9_]{1,32}(\[\d{1,3}\])?$/.test(name) && text(one) === null);
  return fits ? null : `{"gpc0": "1", ...}: at most ${MOST_DATA} texts by types of data`;
};

/** Longest text of certificates. */
const LONGEST_PEM = 1 << 20;
const pem: Check = (value) =>
  typeof value === 'string' && value.length <= LONGEST_PEM && !value.includes('\0')
    ? null
    : `a text of at most ${LONGEST_PEM} characters`;
const base64: Check = (value) =>
  typeof value === 'string' && value.length <= LONGEST_PEM && /^[A-Za-z0-9+/]+={0,2}$/.test(value)
    ? null
    : 'base64, on one line';
const trustStore = oneOf('ca-file', 'crl-file');

const onServer = { backend: text, server: text };
const target = { ...onServer, addr: orNull(text), port: orNull(whole) };

/** Entries of a map or ACL that one Change may have when it comes from outside. */
const MOST_ENTRIES = 10_000;

const listOf =
  (check: Check, what: string): Check =>
  (value) =>
    Array.isArray(value) && value.length <= MOST_ENTRIES && value.every((one) => check(one) === null)
      ? null
      : `a list of at most ${MOST_ENTRIES} ${what}`;
const pair: Check = (value) =>
  Array.isArray(value) && value.length === 2 && value.every((one) => text(one) === null) ? null : '["key", "value"]';
const patterns = listOf(text, 'texts');
const pairs = listOf(pair, 'pairs ["key", "value"]');

/** Members that only Changes made here have: of versions, pointers, inverses. */
type Inner =
  | 'with'
  | 'before'
  | 'version'
  | 'entry'
  | 'last'
  | 'where'
  | 'of'
  | 'ocsp'
  | 'issuer'
  | 'sctl'
  | 'at'
  | 'oldest'
  | 'older';

/** Members of the kinds of Changes that are made here, as they may come from outside. */
const SHAPES: { readonly [K in ChangeKind]?: Readonly<Record<Exclude<keyof ChangeOf<K>, 'kind' | Inner>, Check>> } = {
  'server.state': { ...onServer, to: oneOf('ready', 'drain', 'maint') },
  'server.weight': { ...onServer, weight: whole, percent: flag },
  'server.health': { ...onServer, to: oneOf('up', 'stopping', 'down') },
  'server.agent': { ...onServer, to: oneOf('up', 'down') },
  'server.addr': { ...onServer, addr: orNull(text), port: orNull(text) },
  'server.fqdn': { ...onServer, fqdn: text },
  'server.check-addr': target,
  'server.agent-addr': target,
  'server.agent-send': { ...onServer, send: text },
  'server.name': { ...onServer, name },
  'server.ssl': { ...onServer, enabled: flag },
  'server.maxconn': { ...onServer, maxconn: whole },
  'server.checks': { ...onServer, which: oneOf('health', 'agent'), enabled: flag },
  'server.add': { ...onServer, server: name, addr: text, from: orNull(text), words: texts },
  'server.del': onServer,
  'backend.add': { backend: name, from: text, mode: orNull(oneOf('tcp', 'http')), guid: orNull(text) },
  'backend.del': { backend: text },
  'backend.publish': { backend: text, published: flag },
  'backend.dynamic-cookie': { backend: text, enabled: flag },
  'backend.dynamic-cookie-key': { backend: text, key: text },
  'frontend.state': { frontend: text, to: oneOf('enabled', 'disabled', 'shutdown') },
  'frontend.maxconn': { frontend: text, maxconn: whole },
  'global.maxconn': { maxconn: whole },
  'global.rate-limit': { what: oneOf('connections', 'sessions', 'ssl-sessions', 'http-compression'), limit: whole },
  'session.kill': { id: text },
  'sessions.kill-server': onServer,
  'counters.clear': { scope },
  'var.set': { name: variable, value: orNull(typed) },
  'map.add': { map: text, key: text, value: text },
  'map.add-all': { map: text, entries: pairs },
  'map.set': { map: text, key: text, value: text },
  'map.del': { map: text, key: text },
  'map.clear': { map: text },
  'map.replace': { map: text, entries: pairs },
  'acl.add': { acl: text, pattern: text },
  'acl.del': { acl: text, pattern: text },
  'acl.clear': { acl: text },
  'acl.replace': { acl: text, patterns },
  'table.set': { table: text, key: text, data },
  'table.clear': { table: text, key: orNull(text) },
  'cert.new': { path: text, pem: orNull(pem) },
  'cert.set': { path: text, pem },
  'cert.del': { path: text },
  'cert.jwt': { path: text, allowed: flag },
  'trust.new': { store: trustStore, file: text, pem: orNull(pem) },
  'trust.set': { store: trustStore, file: text, pem },
  'trust.add': { store: trustStore, file: text, pem },
  'trust.del': { store: trustStore, file: text },
  'crt-list.add': { list: text, certificate: text, options: text, filters: texts },
  'crt-list.del': { list: text, certificate: text, line: orNull(whole) },
  'ocsp.set': { response: base64 },
  'ticket-key.set': { keys: text, key: base64 },
  'config.reload': {},
  'mmdb.reload': { file: text },
};

/** A Change that came from outside, or why it is none. */
export function readChange(value: unknown): Change | { readonly problem: string } {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return { problem: 'a change is an object with a "kind"' };
  const members = value as Readonly<Record<string, unknown>>;
  const kind = members['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(SHAPES, kind))
    return { problem: `this Sluice cannot make a change of kind '${String(kind).slice(0, 100)}'` };
  const shape = SHAPES[kind as ChangeKind] as Readonly<Record<string, Check>>;
  const names = ['kind', ...Object.keys(shape)];
  const strange = Object.keys(members).find((name) => !names.includes(name));
  if (strange !== undefined)
    return {
      problem: `unknown member '${strange.slice(0, 100)}' of ${kind}; it has ${names.slice(1).join(', ') || 'none'}`,
    };
  for (const [name, check] of Object.entries(shape)) {
    if (!Object.hasOwn(members, name)) return { problem: `'${name}' of ${kind} is missing` };
    const wanted = check(members[name]);
    if (wanted !== null) return { problem: `'${name}' of ${kind} must be ${wanted}` };
  }
  return members as unknown as Change;
}
