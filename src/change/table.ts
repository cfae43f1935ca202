import type { Change, ChangeKind, ChangeOf } from './change.ts';
import type { Row } from './context.ts';
import {
  backendAdd,
  backendDel,
  backendDynamicCookie,
  backendDynamicCookieKey,
  backendPublish,
} from './rows/backend.ts';
import { certDel, certJwt, certNew, certSet } from './rows/certificates/cert.ts';
import { crtListAdd, crtListDel } from './rows/certificates/crt-list.ts';
import { ocspSet, ticketKeySet } from './rows/certificates/tls.ts';
import { trustAdd, trustDel, trustNew, trustSet } from './rows/certificates/trust.ts';
import { mmdbReload } from './rows/databases.ts';
import { serverAdd, serverDel } from './rows/dynamic-server.ts';
import { frontendMaxconn, frontendState } from './rows/frontend.ts';
import { countersClear, sessionKill, sessionsKillServer } from './rows/one-shot.ts';
import { aclAdd, aclDel, mapAdd, mapAddAll, mapDel, mapDelAll, mapSet } from './rows/patterns/edits.ts';
import { commit, prepare, replaceAll } from './rows/patterns/versions.ts';
import { configReload, globalMaxconn, globalRateLimit, leaseConfirm, varSet } from './rows/process.ts';
import { serverAddr, serverAgentAddr, serverAgentSend, serverCheckAddr, serverFqdn } from './rows/server-addr.ts';
import { serverMaxconn, serverName, serverSsl, serverWeight } from './rows/server-settings.ts';
import { serverAgent, serverChecks, serverHealth, serverState } from './rows/server-state.ts';
import { tableClear, tableSet } from './rows/table.ts';

/** Every kind of Change that this process makes. Kinds without a row are for others (a real HAProxy). */
export const CHANGES: { readonly [K in ChangeKind]?: Row<ChangeOf<K>> } = {
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
  'map.add-all': mapAddAll,
  'map.set': mapSet,
  'map.del': mapDel,
  'map.del-all': mapDelAll,
  'map.clear': replaceAll,
  'map.replace': replaceAll,
  'map.prepare': prepare,
  'map.commit': commit,
  'acl.add': aclAdd,
  'acl.del': aclDel,
  'acl.clear': replaceAll,
  'acl.replace': replaceAll,
  'acl.prepare': prepare,
  'acl.commit': commit,
  'table.set': tableSet,
  'table.clear': tableClear,
  'cert.new': certNew,
  'cert.set': certSet,
  'cert.del': certDel,
  'cert.jwt': certJwt,
  'trust.new': trustNew,
  'trust.set': trustSet,
  'trust.add': trustAdd,
  'trust.del': trustDel,
  'crt-list.add': crtListAdd,
  'crt-list.del': crtListDel,
  'ocsp.set': ocspSet,
  'ticket-key.set': ticketKeySet,
  'config.reload': configReload,
  'mmdb.reload': mmdbReload,
  'lease.confirm': leaseConfirm,
};

/** The row of a Change, or undefined for a kind that there is not, or not yet, here (Changes may come from outside). */
export function rowOf(change: Change): Row<Change> | undefined {
  return Object.hasOwn(CHANGES, change.kind) ? (CHANGES[change.kind] as Row<Change>) : undefined;
}
