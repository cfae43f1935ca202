import type { Change, ChangeKind, ChangeOf } from '../change.ts';

/** The action that a Change of each kind is, in the words of operations. A function where it depends on what is set. */
const ACTION_OF: {
  readonly [K in Exclude<ChangeKind, 'fleet.operation'>]: string | ((change: ChangeOf<K>) => string);
} = {
  'server.state': (change) => change.to,
  'server.weight': 'weight',
  'server.health': 'health',
  'server.agent': 'agent',
  'server.addr': 'set-addr',
  'server.fqdn': 'set-addr',
  'server.check-addr': 'check-addr',
  'server.agent-addr': 'check-addr',
  'server.agent-send': 'agent',
  'server.name': 'rename',
  'server.ssl': 'server-ssl',
  'server.maxconn': 'server-maxconn',
  'server.checks': 'checks',
  'server.add': 'add-server',
  'server.del': 'remove-server',
  'backend.add': 'add-backend',
  'backend.del': 'remove-backend',
  'backend.publish': 'publish',
  'backend.dynamic-cookie': 'dynamic-cookie',
  'backend.dynamic-cookie-key': 'dynamic-cookie',
  'frontend.state': (change) =>
    `frontend ${{ enabled: 'enable', disabled: 'disable', shutdown: 'shutdown' }[change.to]}`,
  'frontend.maxconn': 'frontend maxconn',
  'global.maxconn': 'maxconn',
  'global.rate-limit': 'rate-limit',
  'session.kill': 'kill',
  'sessions.kill-server': 'kill',
  'counters.clear': 'counters clear',
  'var.set': 'set-var',
  'config.reload': 'reload',
  'mmdb.reload': 'mmdb reload',
  'lease.confirm': 'confirm',
  'runtime.command': 'runtime',
  'map.add': 'map set',
  'map.add-all': 'map set',
  'map.set': 'map set',
  'map.del': 'map del',
  'map.del-all': 'map del',
  'map.clear': 'map clear',
  'map.replace': 'map import',
  'map.prepare': 'map import',
  'map.commit': 'map import',
  'acl.add': 'acl add',
  'acl.del': 'acl del',
  'acl.clear': 'acl clear',
  'acl.replace': 'acl import',
  'acl.prepare': 'acl import',
  'acl.commit': 'acl import',
  'table.set': 'table set',
  'table.clear': 'table clear',
  'cert.new': 'rotate-cert',
  'cert.set': 'rotate-cert',
  'cert.del': 'rotate-cert',
  'cert.jwt': 'jwt',
  'trust.new': 'trust',
  'trust.set': 'trust',
  'trust.add': 'trust',
  'trust.del': 'trust',
  'crt-list.add': 'crt-list',
  'crt-list.del': 'crt-list',
  'ocsp.set': 'update-ocsp',
  'ticket-key.set': 'rotate-ticket-keys',
};

/** Actions that depend on what is set. */
const VARIANTS = ['ready', 'drain', 'maint', 'frontend enable', 'frontend disable', 'frontend shutdown'];

/** Every action that a policy can name. */
export const ACTIONS: readonly string[] = [
  ...new Set([...VARIANTS, ...Object.values(ACTION_OF).filter((action) => typeof action === 'string')]),
].sort();

/** What a Change does, as policies name it: `drain`, `frontend disable`, ... */
export function actionOf(change: Change): string {
  const action = Object.hasOwn(ACTION_OF, change.kind) ? ACTION_OF[change.kind as keyof typeof ACTION_OF] : change.kind;
  return typeof action === 'function' ? (action as (change: Change) => string)(change) : action;
}
