/** After the last line: ids, references between sections, what is missing. HAProxy does the same once its files are read. */

import type { ConfigDraft, ProxyDraft } from './draft.ts';
import { finishServer, type ServerDraft } from './draft-server.ts';
import { checkHealthCheck } from './finish-checks.ts';
import { addDispatchServer } from './finish-dispatch.ts';
import { checkCaches, checkFilters } from './finish-filters.ts';
import { finishPeers } from './finish-peers.ts';
import { checkProxy } from './finish-proxy.ts';
import { checkReferences, checkServer } from './finish-references.ts';
import { completeServers, resolveHealthChecks } from './finish-servers.ts';
import { checkTables } from './finish-tables.ts';
import type { LogDraft } from './keywords/log.ts';
import { applySslUses } from './keywords/ssl-f-use.ts';
import type { Context } from './line.ts';
import { checkStatsSockets } from './stats-socket.ts';

/**
 * Completes `context.config`. With `mistakes` the lines had some: then only what is certainly wrong is reported,
 * because what is missing may stand in a line that could not be read.
 */
export function finish(context: Context, mistakes: boolean): void {
  const { config } = context;
  assignProxyIds(config);
  const untangled = new Set<ServerDraft>();
  for (const proxy of config.proxies) {
    addDispatchServer(proxy);
    finishServers(context, proxy, untangled, mistakes);
    applySslUses(proxy);
  }
  for (const ring of config.rings) completeServers(context, ring.servers, ring.ring.name, mistakes);
  for (const ring of config.rings) ring.ring.servers = ring.servers.map(finishServer) as never;
  for (const section of [
    ...config.proxies.map((proxy) => proxy.config),
    ...config.defaults.map((proxy) => proxy.config),
    config.global,
  ]) {
    resolveLogFormats(context, section.logs);
  }
  for (const { logs } of config.logForwards) for (const log of logs) checkTarget(context, log);
  checkTables(context);
  finishPeers(context, mistakes);
  for (const section of config.healthChecks) if (!mistakes) checkHealthCheck(context, section, 'healthcheck');
  for (const proxy of config.proxies) {
    checkReferences(context, proxy);
    checkEmailAlert(context, proxy);
    if (!mistakes) {
      checkProxy(context, proxy);
      checkFilters(context, proxy);
    }
  }
  checkStatsSockets(context);
  if (!mistakes) checkCaches(context);
  if (!mistakes) checkResolvers(context);
  for (const list of config.userlists) checkUsers(context, list);
}

/** Alerts need to know whom to write, as whom, and over which mailers. */
function checkEmailAlert({ config, diagnostics }: Context, { config: proxy, emailAlert }: ProxyDraft): void {
  const { mailers, from, to } = proxy.emailAlert;
  if (!emailAlert) return;
  if (mailers === null || from === null || to === null) {
    diagnostics.warning(
      null,
      `'email-alert' will be ignored for ${proxy.kind} '${proxy.name}' (the presence any of 'email-alert from', 'email-alert level' 'email-alert mailers', 'email-alert myhostname', or 'email-alert to' requires each of 'email-alert from', 'email-alert mailers' and 'email-alert to' to be present).`,
    );
  } else if (!config.mailers.some((section) => section.name === mailers))
    diagnostics.alert(null, `${proxy.kind} '${proxy.name}': unable to find mailers '${mailers}'.`);
}

/** Users and groups of a userlist that name each other. */
function checkUsers({ diagnostics }: Context, { name: list, users, groups }: ConfigDraft['userlists'][number]): void {
  for (const { name, users: members } of groups)
    for (const member of members)
      if (!users.some((user) => user.name === member))
        diagnostics.alert(null, `userlist '${list}': no such user '${member}' specified in group '${name}'`);
  for (const { name, groups: own } of users)
    for (const group of own)
      if (!groups.some((one) => one.name === group))
        diagnostics.alert(null, `userlist '${list}': no such group '${group}' specified in user '${name}'`);
}

/** Ids not forced are given in order, from 1, or from 2 when there is a statistics socket: its own frontend takes 1. */
function assignProxyIds(config: ConfigDraft): void {
  const used = new Set(config.proxies.filter((proxy) => proxy.config.idForced).map((proxy) => proxy.config.id));
  let next = config.global.statsSockets.length > 0 ? 2 : 1;
  for (const { config: proxy } of config.proxies) {
    if (proxy.idForced) continue;
    while (used.has(next)) next++;
    proxy.id = next++;
  }
}

/** Servers without an id of their own keep none here: the model numbers them. */
function finishServers(context: Context, proxy: ProxyDraft, untangled: Set<ServerDraft>, mistakes: boolean): void {
  resolveHealthChecks(context, proxy);
  for (const server of proxy.servers) checkServer(context, proxy, server, untangled);
  completeServers(context, proxy.servers, proxy.config.name, mistakes, proxy.config.healthCheck);
  proxy.config.servers = proxy.servers.map(finishServer) as never;
}

/** A target without a format has that of the ring it names, else the one with a host name when that is to be sent, else the local one. */
function resolveLogFormats(
  context: Context,
  logs: readonly Pick<LogDraft, 'format' | 'target' | 'at' | 'profile' | 'profileName'>[],
): void {
  const standard = context.config.global.logSendHostname === null ? 'local' : 'rfc3164';
  for (const log of logs) {
    const ring = checkTarget(context, log);
    log.format ??= ring === undefined || ring.implicit ? standard : ring.ring.format;
    if (ring?.implicit === true) ring.ring.format = log.format;
    resolveProfile(context, log);
  }
}

/** The ring that a target names, if it names one. */
function checkTarget(
  { config, diagnostics }: Context,
  { target, at }: Pick<LogDraft, 'target' | 'at'>,
): ConfigDraft['rings'][number] | undefined {
  if (target.family !== 'ring') return undefined;
  const ring = config.rings.find((candidate) => candidate.ring.name === target.name);
  if (ring === undefined && target.name !== 'buf0')
    diagnostics.alert(at, `log : unable to find ring '${target.name}'.`);
  return ring;
}

function checkResolvers(context: Context): void {
  for (const section of context.config.resolvers) {
    if (section.nameservers.length === 0 && !section.parseResolvConf) {
      context.diagnostics.warning(
        null,
        `resolvers '${section.name}' [${section.at.file}:${section.at.line}] has no nameservers configured!`,
      );
    }
  }
}

function resolveProfile({ config, diagnostics }: Context, log: Pick<LogDraft, 'at' | 'profile' | 'profileName'>): void {
  const { profileName } = log;
  if (profileName === undefined) return;
  delete log.profileName;
  log.profile = config.logProfiles.find(({ name }) => name === profileName) ?? null;
  if (log.profile === null) diagnostics.alert(log.at, `log : unable to find log-profile '${profileName}'.`);
}
