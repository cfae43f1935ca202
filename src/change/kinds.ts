import type { Change, ChangeKind, ChangeOf } from './change.ts';

/** When a Change shows: at once; for connections made from now on; after a reload; after a restart. */
export type EffectClass = 'live' | 'new connections only' | 'reload' | 'restart';

/** What is the same of a kind of Change on every load balancer. */
interface Facts<C extends Change> {
  /** What policies call it, in the words of operations. A function where that depends on what is set. */
  readonly action: string | ((change: C) => string);
  readonly effect: EffectClass;
}

const LIVE: EffectClass = 'live';
const NEW_CONNECTIONS: EffectClass = 'new connections only';

/** Every kind of Change. */
export const KINDS: { readonly [K in ChangeKind]: Facts<ChangeOf<K>> } = {
  'server.state': { action: (change) => change.to, effect: LIVE },
  'server.weight': { action: 'weight', effect: LIVE },
  'server.health': { action: 'health', effect: LIVE },
  'server.agent': { action: 'agent', effect: LIVE },
  'server.addr': { action: 'set-addr', effect: NEW_CONNECTIONS },
  'server.fqdn': { action: 'set-addr', effect: NEW_CONNECTIONS },
  'server.check-addr': { action: 'check-addr', effect: LIVE },
  'server.agent-addr': { action: 'check-addr', effect: LIVE },
  'server.agent-send': { action: 'agent', effect: LIVE },
  'server.name': { action: 'rename', effect: LIVE },
  'server.ssl': { action: 'server-ssl', effect: NEW_CONNECTIONS },
  'server.maxconn': { action: 'server-maxconn', effect: LIVE },
  'server.checks': { action: 'checks', effect: LIVE },
  'server.add': { action: 'add-server', effect: LIVE },
  'server.del': { action: 'remove-server', effect: LIVE },
  'backend.add': { action: 'add-backend', effect: LIVE },
  'backend.del': { action: 'remove-backend', effect: LIVE },
  'backend.publish': { action: 'publish', effect: LIVE },
  'backend.dynamic-cookie': { action: 'dynamic-cookie', effect: LIVE },
  'backend.dynamic-cookie-key': { action: 'dynamic-cookie', effect: LIVE },
  'frontend.state': {
    action: (change) => `frontend ${{ enabled: 'enable', disabled: 'disable', shutdown: 'shutdown' }[change.to]}`,
    effect: LIVE,
  },
  'frontend.maxconn': { action: 'frontend maxconn', effect: LIVE },
  'global.maxconn': { action: 'maxconn', effect: LIVE },
  'global.rate-limit': { action: 'rate-limit', effect: LIVE },
  'session.kill': { action: 'kill', effect: LIVE },
  'sessions.kill-server': { action: 'kill', effect: LIVE },
  'counters.clear': { action: 'counters clear', effect: LIVE },
  'var.set': { action: 'set-var', effect: LIVE },
  'config.reload': { action: 'reload', effect: LIVE },
  'mmdb.reload': { action: 'mmdb reload', effect: LIVE },
  'lease.confirm': { action: 'confirm', effect: LIVE },
  'runtime.command': { action: 'runtime', effect: LIVE },
  'map.add': { action: 'map set', effect: LIVE },
  'map.add-all': { action: 'map set', effect: LIVE },
  'map.set': { action: 'map set', effect: LIVE },
  'map.del': { action: 'map del', effect: LIVE },
  'map.del-all': { action: 'map del', effect: LIVE },
  'map.clear': { action: 'map clear', effect: LIVE },
  'map.replace': { action: 'map import', effect: LIVE },
  'map.prepare': { action: 'map import', effect: LIVE },
  'map.commit': { action: 'map import', effect: LIVE },
  'acl.add': { action: 'acl add', effect: LIVE },
  'acl.del': { action: 'acl del', effect: LIVE },
  'acl.clear': { action: 'acl clear', effect: LIVE },
  'acl.replace': { action: 'acl import', effect: LIVE },
  'acl.prepare': { action: 'acl import', effect: LIVE },
  'acl.commit': { action: 'acl import', effect: LIVE },
  'table.set': { action: 'table set', effect: LIVE },
  'table.clear': { action: 'table clear', effect: LIVE },
  'cert.new': { action: 'rotate-cert', effect: LIVE },
  'cert.set': { action: 'rotate-cert', effect: NEW_CONNECTIONS },
  'cert.del': { action: 'rotate-cert', effect: LIVE },
  'cert.jwt': { action: 'jwt', effect: LIVE },
  'trust.new': { action: 'trust', effect: LIVE },
  'trust.set': { action: 'trust', effect: NEW_CONNECTIONS },
  'trust.add': { action: 'trust', effect: NEW_CONNECTIONS },
  'trust.del': { action: 'trust', effect: LIVE },
  'crt-list.add': { action: 'crt-list', effect: NEW_CONNECTIONS },
  'crt-list.del': { action: 'crt-list', effect: NEW_CONNECTIONS },
  'ocsp.set': { action: 'update-ocsp', effect: NEW_CONNECTIONS },
  'ticket-key.set': { action: 'rotate-ticket-keys', effect: NEW_CONNECTIONS },
  'fleet.operation': { action: 'fleet.operation', effect: LIVE },
};

/** When a Change shows. */
export function effectOf({ kind }: Change): EffectClass {
  return KINDS[kind].effect;
}
