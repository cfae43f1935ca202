/** After the last line: ids, references between sections, what is missing. HAProxy does the same once its files are read. */

import type { ConfigDraft, ProxyDraft, ServerDraft } from './draft.ts';
import { finishServer } from './draft.ts';
import { PROXY_OPTIONS, setOption } from './keywords/options.ts';
import type { Context } from './line.ts';
import { checkStatsSockets } from './stats-socket.ts';
import type { Location, LogTargetConfig } from './types.ts';

/**
 * Completes `context.config`. With `mistakes` the lines had some: then only what is certainly wrong is reported,
 * because what is missing may stand in a line that could not be read.
 */
export function finish(context: Context, mistakes: boolean): void {
  const { config } = context;
  assignProxyIds(config);
  for (const proxy of config.proxies) {
    finishServers(context, proxy);
    assignBindIds(proxy);
    finishRules(proxy);
  }
  for (const ring of config.rings) ring.ring.servers = ring.servers.map(finishServer) as never;
  for (const section of [
    ...config.proxies.map((proxy) => proxy.config),
    ...config.defaults.map((proxy) => proxy.config),
    config.global,
  ]) {
    resolveLogFormats(context, section.logs);
  }
  for (const proxy of config.proxies) {
    checkReferences(context, proxy);
    if (!mistakes) checkProxy(context, proxy);
  }
  checkStatsSockets(context);
  if (!mistakes) checkResolvers(context);
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

/** Ids not forced are given in order; every server counts, also one with a forced id. */
function finishServers(context: Context, proxy: ProxyDraft): void {
  let next = 1;
  for (const server of proxy.servers) {
    if (server.id === null) {
      while (proxy.serverIds.has(next)) next++;
      server.id = next;
      proxy.serverIds.set(next, server);
    }
    next++;
    checkServer(context, proxy, server);
  }
  proxy.config.servers = proxy.servers.map(finishServer) as never;
}

function assignBindIds(proxy: ProxyDraft): void {
  let next = 1;
  for (const bind of proxy.config.binds) {
    if (bind.id === null) {
      while (proxy.bindIds.has(next)) next++;
      bind.id = next;
    }
    proxy.bindIds.add(bind.id);
    next++;
  }
}

/** `redirect` lines come after every http-request rule. */
function finishRules(proxy: ProxyDraft): void {
  proxy.config.rules['http-request'].push(...(proxy.redirects as never[]));
}

/** A target without a format has that of its ring, else the local one. */
function resolveLogFormats(
  context: Context,
  logs: readonly { format: LogTargetConfig['format'] | null; target: LogTargetConfig['target']; at: Location }[],
): void {
  for (const log of logs) {
    const { target } = log;
    const ring =
      target.family === 'ring'
        ? context.config.rings.find((candidate) => candidate.ring.name === target.name)
        : undefined;
    if (target.family === 'ring' && ring === undefined && target.name !== 'buf0') {
      context.diagnostics.alert(log.at, `log : unable to find ring '${target.name}'.`);
    }
    log.format ??= ring?.ring.format ?? 'local';
  }
}

function checkServer(context: Context, proxy: ProxyDraft, server: ServerDraft): void {
  const where = `'server ${proxy.config.name}/${server.name}'`;
  const alert = (text: string) => context.diagnostics.alert(server.at, `${where} : ${text}`, 'server');
  const { config } = context;
  if (server.resolvers !== null && !config.resolvers.some((section) => section.name === server.resolvers)) {
    alert(`unable to find required resolvers '${server.resolvers}'`);
  }
  if (server.track !== null) checkTrack(config, proxy, server, alert);
  if (server.checkEnabled && lacksCheckPort(proxy, server)) {
    alert("server has neither service port nor check port, nor tcp_check rule 'connect' with port information.");
  }
}

/** Checks need a port: the server's, their own, one in a `connect` rule, or one that an SRV record brings. */
function lacksCheckPort(proxy: ProxyDraft, { address, check, resolvers }: ServerDraft): boolean {
  if (check.port !== 0 || !('port' in address) || (address.port !== 0 && address.portMap === '')) return false;
  if (resolvers !== null && address.family === 'name' && address.host.startsWith('_')) return false;
  return proxy.config.healthCheck.rules.every((rule) => rule.words[1] !== 'connect');
}

function checkTrack(config: ConfigDraft, proxy: ProxyDraft, server: ServerDraft, alert: (text: string) => void): void {
  const slash = server.track!.indexOf('/');
  const backendName = slash < 0 ? proxy.config.name : server.track!.slice(0, slash);
  const serverName = slash < 0 ? server.track! : server.track!.slice(slash + 1);
  const backend = slash < 0 ? proxy : findBackend(config, backendName);
  if (backend === undefined) return alert(`unable to find required proxy '${backendName}' for tracking.`);
  const target = backend.servers.find((candidate) => candidate.name === serverName);
  if (target === undefined) return alert(`unable to find required server '${serverName}' for tracking.`);
  if (!target.checkEnabled && !target.agentEnabled && target.track === null) {
    return alert(
      `unable to use ${backendName}/${serverName} for tracking as it does not have any check nor agent enabled.`,
    );
  }
  const seen = new Set([server]);
  for (let next: ServerDraft | undefined = target; next !== undefined; next = tracked(config, next)) {
    if (seen.has(next))
      return alert(
        `unable to track ${backendName}/${serverName} as it belongs to a tracking chain looping back to itself.`,
      );
    seen.add(next);
  }
  return undefined;
}

function tracked(config: ConfigDraft, server: ServerDraft): ServerDraft | undefined {
  if (server.track === null) return undefined;
  const owner = config.proxies.find((proxy) => proxy.servers.includes(server));
  const slash = server.track.indexOf('/');
  const backend = slash < 0 ? owner : findBackend(config, server.track.slice(0, slash));
  return backend?.servers.find((candidate) => candidate.name === server.track!.slice(slash + 1));
}

function findBackend(config: ConfigDraft, name: string): ProxyDraft | undefined {
  return config.proxies.find((proxy) => proxy.kind !== 'frontend' && proxy.config.name === name);
}

/** References to backends, servers and sections by name. */
function checkReferences(context: Context, proxy: ProxyDraft): void {
  const { config, diagnostics } = context;
  const own = proxy.config;
  const { name } = own;
  if (own.defaultBackend !== null && proxy.kind !== 'backend') {
    checkTarget(context, proxy, own.defaultBackend, 'default_backend', proxy.defaultBackendAt);
  }
  for (const rule of own.useBackend) {
    // A name with a log-format in it is known only when a request is there.
    if (!rule.words[0]!.includes('%[')) checkTarget(context, proxy, rule.words[0]!, 'use_backend', rule.at);
  }
  for (const rule of own.useServer) {
    if (rule.words[0]!.includes('%[')) continue;
    if (!proxy.servers.some((server) => server.name === rule.words[0])) {
      diagnostics.alert(
        null,
        `${label(proxy)} '${name}' : unable to find server '${rule.words[0]}' referenced in a 'use-server' rule.`,
      );
    }
  }
  for (const page of own.errorPages) {
    if (page.kind === 'section' && !config.httpErrors.some((section) => section.name === page.section)) {
      diagnostics.alert(
        null,
        `proxy '${name}': unable to find http-errors section '${page.section}' referenced at ${page.at.file}:${page.at.line}.`,
      );
    }
  }
}

function label({ kind }: ProxyDraft): string {
  return kind === 'listen' ? 'proxy' : kind;
}

/** A backend that traffic is sent to must exist and speak the same protocol. */
function checkTarget(
  context: Context,
  proxy: ProxyDraft,
  name: string,
  keyword: 'default_backend' | 'use_backend',
  at: Location | null,
): void {
  const { diagnostics, config } = context;
  const target = findBackend(config, name);
  const own = proxy.config;
  if (target === undefined) {
    diagnostics.alert(null, `Proxy '${own.name}': unable to find required ${keyword}: '${name}'.`);
    return;
  }
  if (target === proxy) {
    diagnostics.alert(null, `Proxy '${own.name}': loop detected for ${keyword}: '${name}'.`);
    return;
  }
  // A TCP frontend may hand over to an HTTP backend: the connection is upgraded.
  if (own.mode === target.config.mode || (own.mode === 'tcp' && target.config.mode === 'http')) return;
  const place = (draft: ProxyDraft) =>
    `${draft.config.mode} ${label(draft)} '${draft.config.name}' (${draft.config.at.file}:${draft.config.at.line})`;
  const use = keyword === 'default_backend' ? 'as its default backend' : "in a 'use_backend' rule";
  diagnostics.alert(
    at === null ? null : null,
    `${place(proxy)} tries to use incompatible ${place(target)} ${use} (see 'mode').`,
  );
}

/** Settings that contradict each other, or that have no effect: warnings in HAProxy's order, and the settings are put right. */
function checkProxy(context: Context, proxy: ProxyDraft): void {
  if (proxy.config.disabled) return;
  const isTcp = proxy.config.mode === 'tcp';
  if (isTcp) dropCookie(context, proxy);
  if (isTcp) fallBackToTcpLog(context, proxy);
  checkSides(context, proxy);
  checkHealthChecks(context, proxy);
  checkTimeouts(context, proxy);
  if (isTcp) dropHttpSettings(context, proxy);
}

function checkSides(context: Context, proxy: ProxyDraft): void {
  const { diagnostics } = context;
  const own = proxy.config;
  const who = `${label(proxy)} '${own.name}'`;
  if (proxy.kind !== 'backend' && own.binds.length === 0) {
    diagnostics.warning(null, `${who} has no 'bind' directive. Please declare it as a backend if this was intended.`);
  }
  if (own.dispatch !== null && proxy.explicitBalance) {
    diagnostics.warning(null, `dispatch address of ${who} will be ignored in balance mode.`);
  }
  const ownFormat = proxy.logFormatFrom === 'log-format' && proxy.from?.logFormatFrom !== 'log-format';
  if (ownFormat && own.logs.length === 0 && proxy.kind !== 'backend') {
    diagnostics.warning(null, `log format ignored for ${who} since it has no log address.`);
  }
}

function dropCookie(context: Context, proxy: ProxyDraft): void {
  if (proxy.config.cookie !== null && proxy.from?.config.cookie == null) {
    context.diagnostics.warning(
      null,
      `cookie will be ignored for ${label(proxy)} '${proxy.config.name}' (needs 'mode http').`,
    );
  }
  proxy.config.cookie = null;
}

/** `option httplog` of a defaults section is common in front of TCP proxies: the TCP format is used, with a warning. */
function fallBackToTcpLog(context: Context, proxy: ProxyDraft): void {
  const { options, name } = proxy.config;
  for (const key of ['httplog', 'httplog-clf', 'httpslog']) {
    if (!options.includes(key)) continue;
    const option = key === 'httplog-clf' ? 'httplog' : key;
    setOption(proxy, key, false);
    setOption(proxy, key === 'httplog-clf' ? 'tcplog-clf' : 'tcplog', true);
    if (proxy.kind === 'backend' && proxy.logOptionAt === proxy.from?.logOptionAt) continue;
    const text = `'option ${option}' not usable with ${label(proxy)} '${name}' (needs 'mode http'). Falling back to 'option tcplog'.`;
    context.diagnostics.warning(proxy.logOptionAt, text);
  }
}

const HTTP_OPTIONS = PROXY_OPTIONS.rows.filter((row) => row.needsHttp).map((row) => row.name);

const HTTP_RULE_SETS = ['http-request', 'http-response', 'http-after-response'] as const;

/** HTTP settings in a TCP proxy have no effect. What came from `defaults` is dropped without a word. */
function dropHttpSettings(context: Context, proxy: ProxyDraft): void {
  const own = proxy.config;
  const parent = proxy.from?.config;
  const who = `${label(proxy)} '${own.name}'`;
  const warn = (what: string, requires = 'as it requires HTTP mode') =>
    context.diagnostics.warning(null, `${what} ignored for ${who} ${requires}.`);
  if (own.stats !== null && parent?.stats == null) warn("'stats' statement");
  if (own.captures.some((capture) => capture.words[0] === 'cookie')) warn("'capture' statement");
  for (const set of HTTP_RULE_SETS) {
    const redirects = set === 'http-request' ? proxy.redirects.length : 0;
    if (own.rules[set].length - redirects > (parent?.rules[set].length ?? 0))
      warn(`'${set}' rules`, 'as they require HTTP mode');
    own.rules[set] = [];
  }
  if (proxy.redirects.length > 0) warn("'redirect' rules", 'as they require HTTP mode');
  if (own.forwardfor !== null && parent?.forwardfor == null) warn("'option forwardfor'");
  if (own.originalto !== null && parent?.originalto == null) warn("'option originalto'");
  for (const option of HTTP_OPTIONS) {
    if (!own.options.includes(option)) continue;
    warn(`'option ${option}'`);
    setOption(proxy, option, false);
  }
  Object.assign(own, { stats: null, captures: [], forwardfor: null, originalto: null });
  for (const server of proxy.servers) {
    if (server.cookie === null) continue;
    context.diagnostics.warning(null, `${who} : ignoring cookie for server '${server.name}' as HTTP mode is disabled.`);
    server.cookie = null;
  }
  own.servers = proxy.servers.map(finishServer) as never;
}

function checkHealthChecks(context: Context, proxy: ProxyDraft): void {
  const { diagnostics, config } = context;
  if (proxy.kind === 'frontend') return;
  const { healthCheck, name } = proxy.config;
  const who = `${label(proxy)} '${name}'`;
  if (proxy.ownCheckRules && proxy.checkRuleset === 'http-check' && healthCheck.kind !== 'http') {
    diagnostics.warning(null, `${who} uses http-check rules without 'option httpchk', so the rules are ignored.`);
  }
  if (proxy.ownCheckRules && proxy.checkRuleset === 'tcp-check' && healthCheck.kind !== 'tcp-check') {
    diagnostics.warning(null, `${who} uses tcp-check rules without 'option tcp-check', so the rules are ignored.`);
  }
  if (healthCheck.kind !== 'external') return;
  if (!config.global.externalCheck)
    diagnostics.alert(
      null,
      `Proxy '${name}' : 'option external-check' unable to find required 'global.external-check'.`,
    );
  if (healthCheck.externalCommand === null)
    diagnostics.alert(
      null,
      `Proxy '${name}' : 'option external-check' unable to find required 'external-check command'.`,
    );
}

/** Endless connections are rarely meant: HAProxy warns, once for each proxy. */
function checkTimeouts(context: Context, proxy: ProxyDraft): void {
  const { client, server, connect } = proxy.config.timeouts;
  const isFrontend = proxy.kind !== 'backend';
  const isBackend = proxy.kind !== 'frontend';
  const missing =
    (isFrontend && client === null) || (isBackend && proxy.servers.length > 0 && (server === null || connect === null));
  if (!missing) return;
  context.diagnostics.warning(
    null,
    `missing timeouts for ${label(proxy)} '${proxy.config.name}'.\n` +
      '   | While not properly invalid, you will certainly encounter various problems\n' +
      '   | with such a configuration. To fix this, please ensure that all following\n' +
      "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
  );
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
