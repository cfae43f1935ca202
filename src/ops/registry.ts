import type { Group, Operation } from './operation.ts';
import { aclAdd, aclDel, aclShow, block, unblock } from './operations/acl.ts';
import { errors } from './operations/captured-errors.ts';
import { certs, rotateTicketKeys, updateOcsp } from './operations/certificates.ts';
import { applyFile, diff, planFile, reload, save } from './operations/configuration.ts';
import { counters, countersClear } from './operations/counters.ts';
import { drain } from './operations/drain.ts';
import { frontendDisable, frontendEnable, frontendMaxconn } from './operations/frontend.ts';
import { leases, leasesKeep } from './operations/leases.ts';
import { approve, confirm, history, overrides, requests, undo } from './operations/ledger.ts';
import { maint } from './operations/maint.ts';
import { mapDel, mapDiff, mapImport, mapSet, mapShow } from './operations/map.ts';
import { moveTraffic } from './operations/move-traffic.ts';
import { ready } from './operations/ready.ts';
import { rotateCert } from './operations/rotate-cert.ts';
import { addServer, removeServer } from './operations/server-life.ts';
import { agent, checks, health, serverMaxconn, setAddr } from './operations/server-settings.ts';
import { kill, sessions } from './operations/sessions.ts';
import { show } from './operations/show.ts';
import { status } from './operations/status.ts';
import { tableClear, tableImport, tableSet, tableShow, tableTop } from './operations/stick-table.ts';
import { weight } from './operations/weight.ts';
import { why } from './operations/why.ts';

/** Every operation, in the order of help and reference. */
export const OPERATIONS: readonly Operation[] = [
  status,
  show,
  counters,
  countersClear,
  errors,
  why,
  drain,
  maint,
  ready,
  weight,
  moveTraffic,
  addServer,
  removeServer,
  setAddr,
  serverMaxconn,
  health,
  agent,
  checks,
  frontendDisable,
  frontendEnable,
  frontendMaxconn,
  sessions,
  kill,
  mapShow,
  mapSet,
  mapDel,
  mapImport,
  mapDiff,
  aclShow,
  aclAdd,
  aclDel,
  block,
  unblock,
  tableShow,
  tableTop,
  tableSet,
  tableImport,
  tableClear,
  certs,
  rotateCert,
  rotateTicketKeys,
  updateOcsp,
  diff,
  save,
  planFile,
  applyFile,
  reload,
  history,
  undo,
  leases,
  leasesKeep,
  confirm,
  requests,
  approve,
  overrides,
];

/** Headings of the groups, in their order. */
export const GROUPS: Readonly<Record<Group, string>> = {
  looking: 'Looking',
  servers: 'Servers',
  traffic: 'Traffic',
  frontends: 'Frontends',
  sessions: 'Sessions',
  patterns: 'Maps, ACLs, stick tables',
  certificates: 'Certificates',
  configuration: 'Configuration files',
  journal: 'Taking back',
};

/** The operation that the words begin with, and the words behind its name; null when there is none. Longer names are found first. */
export function findOperation(
  words: readonly string[],
): { readonly operation: Operation; readonly args: readonly string[] } | null {
  const byLength = [...OPERATIONS].sort((a, b) => b.name.split(' ').length - a.name.split(' ').length);
  for (const operation of byLength) {
    const name = operation.name.split(' ');
    if (name.every((word, i) => words[i] === word)) return { operation, args: words.slice(name.length) };
  }
  return null;
}
