import type { Change, ChangeKind, ChangeOf } from '../change.ts';
import type { RemoteRow } from './row.ts';
import { aclAdd, aclClear, aclDel, aclReplace } from './rows/acl.ts';
import {
  backendAdd,
  backendDel,
  backendDynamicCookie,
  backendDynamicCookieKey,
  backendPublish,
} from './rows/backend.ts';
import { certDel, certNew, certSet } from './rows/cert.ts';
import { crtListAdd, crtListDel } from './rows/crt-list.ts';
import { serverAdd, serverDel } from './rows/dynamic-server.ts';
import { frontendMaxconn, frontendState } from './rows/frontend.ts';
import { mapAdd, mapClear, mapDel, mapReplace, mapSet } from './rows/map.ts';
import { ocspSet } from './rows/ocsp.ts';
import { countersClear, sessionKill, sessionsKillServer } from './rows/one-shot.ts';
import { globalMaxconn, globalRateLimit, varSet } from './rows/process.ts';
import { runtimeCommand } from './rows/runtime-command.ts';
import { serverAddr, serverAgentAddr, serverAgentSend, serverCheckAddr, serverFqdn } from './rows/server-addr.ts';
import { serverMaxconn, serverName, serverSsl, serverWeight } from './rows/server-settings.ts';
import { serverAgent, serverChecks, serverHealth, serverState } from './rows/server-state.ts';
import { tableClear, tableSet } from './rows/table.ts';
import { ticketKeySet } from './rows/tls.ts';

/** Kinds that only a Sluice makes; of a HAProxy's patterns, the others are made of several commands. */
type OwnKind =
  | 'config.reload'
  | 'mmdb.reload'
  | 'lease.confirm'
  | 'fleet.operation'
  | `${'map' | 'acl'}.${'prepare' | 'commit'}`
  | `map.${'add-all' | 'del-all'}`
  | `trust.${'new' | 'set' | 'add' | 'del'}`
  | 'cert.jwt';

/** Every kind of Change that a HAProxy can be told through its Runtime API. */
export const REMOTE: {
  readonly [K in Exclude<ChangeKind, OwnKind>]: RemoteRow<ChangeOf<K>>;
} = {
  'server.state': serverState,
  'server.weight': serverWeight,
  'server.health': serverHealth,
  'server.agent': serverAgent,
  'server.addr': serverAddr,
  'server.fqdn': serverFqdn,
  'server.check-addr': serverCheckAddr,
  'server.agent-addr': serverAgentAddr,
  'server.agent-send': serverAgentSend,
  'server.name': serverName,
  'server.ssl': serverSsl,
  'server.maxconn': serverMaxconn,
  'server.checks': serverChecks,
  'server.add': serverAdd,
  'server.del': serverDel,
  'backend.add': backendAdd,
  'backend.del': backendDel,
  'backend.publish': backendPublish,
  'backend.dynamic-cookie': backendDynamicCookie,
  'backend.dynamic-cookie-key': backendDynamicCookieKey,
  'frontend.state': frontendState,
  'frontend.maxconn': frontendMaxconn,
  'global.maxconn': globalMaxconn,
  'global.rate-limit': globalRateLimit,
  'session.kill': sessionKill,
  'sessions.kill-server': sessionsKillServer,
  'counters.clear': countersClear,
  'var.set': varSet,
  'map.add': mapAdd,
  'map.set': mapSet,
  'map.del': mapDel,
  'map.clear': mapClear,
  'map.replace': mapReplace,
  'acl.add': aclAdd,
  'acl.del': aclDel,
  'acl.clear': aclClear,
  'acl.replace': aclReplace,
  'table.set': tableSet,
  'table.clear': tableClear,
  'cert.new': certNew,
  'cert.set': certSet,
  'cert.del': certDel,
  'crt-list.add': crtListAdd,
  'crt-list.del': crtListDel,
  'ocsp.set': ocspSet,
  'ticket-key.set': ticketKeySet,
  'runtime.command': runtimeCommand,
};

/** The row of a Change, or undefined for what a HAProxy cannot be told (Changes may come from outside). */
export function remoteRow(change: Change): RemoteRow<Change> | undefined {
  return Object.hasOwn(REMOTE, change.kind)
    ? (REMOTE[change.kind as keyof typeof REMOTE] as RemoteRow<Change>)
    : undefined;
}
