/** Settings of a proxy that contradict each other or have no effect. */

import { formatAddress } from './address.ts';
import type { ProxyDraft } from './draft.ts';
import { finishServer } from './draft-server.ts';
import { checkHealthCheck } from './finish-checks.ts';
import { label } from './finish-references.ts';
import { checkBindProtocols, checkServerProtocols } from './finish-servers.ts';
import { PROXY_OPTIONS, setOption } from './keywords/options.ts';
import type { Context } from './line.ts';
import { switchesMode } from './switches-mode.ts';
import { tlsVersions } from './tls.ts';
import type { BindConfig } from './types.ts';

/** Settings that contradict each other, or that have no effect: warnings in HAProxy's order, and the settings are put right. */
export function checkProxy(context: Context, proxy: ProxyDraft): void {
  if (proxy.config.disabled) return;
  const isTcp = proxy.config.mode === 'tcp';
  if (isTcp) dropCookie(context, proxy);
  if (isTcp) fallBackToTcpLog(context, proxy);
  if (isTcp && proxy.kind !== 'frontend') takeTurns(context, proxy);
  checkSides(context, proxy);
  checkShownSources(context, proxy);
  checkBindTls(context, proxy);
  checkBindProtocols(context, proxy);
  checkServerProtocols(context, proxy);
  if (proxy.kind !== 'frontend') checkHealthCheck(context, proxy, label(proxy));
  checkTimeouts(context, proxy);
  if (isTcp && !switchesMode(proxy.config)) dropHttpSettings(context, proxy);
}

/** `usesrc`: an address in a header is one of HTTP, and showing others' addresses takes a right that is lost with root. */
function checkShownSources({ diagnostics, config: { global } }: Context, proxy: ProxyDraft): void {
  if (proxy.kind === 'frontend') return;
  const { name, mode, source } = proxy.config;
  const who = `${label(proxy)} '${name}'`;
  const shown = [source, ...proxy.servers.map((server) => server.source)].flatMap((one) => one?.shown ?? []);
  for (const one of mode === 'http' ? [] : shown)
    if (one.kind === 'header')
      diagnostics.warning(null, `${who} : ignoring use of header ${one.name} as source IP in non-HTTP mode.`);
  const { uid, user, capabilities } = global;
  if (
    shown.length > 0 &&
    (uid ?? user) !== null &&
    uid !== 0 &&
    user !== 'root' &&
    !capabilities.includes('cap_net_admin')
  )
    diagnostics.warning(
      null,
      `${who} : 'usesrc' needs a right that is lost with the change of user: add 'setcap cap_net_admin' to the global section.`,
    );
}

/** Algorithms whose key is in a request of HTTP. */
const HTTP_KEYS: ReadonlySet<string> = new Set(['uri', 'url_param', 'hdr']);

/** Servers of mode tcp are not balanced by what only HTTP has. */
function takeTurns(context: Context, proxy: ProxyDraft): void {
  const own = proxy.config;
  if (!HTTP_KEYS.has(own.balance.algorithm)) return;
  context.diagnostics.warning(
    null,
    `Layer 7 hash not possible for ${label(proxy)} '${own.name}' (needs 'mode http'). Falling back to round robin.`,
  );
  own.balance = { ...own.balance, algorithm: 'roundrobin', args: [] };
}

function checkSides(context: Context, proxy: ProxyDraft): void {
  const { diagnostics } = context;
  const own = proxy.config;
  const who = `${label(proxy)} '${own.name}'`;
  if (proxy.kind !== 'backend' && own.binds.length === 0) {
    diagnostics.warning(null, `${who} has no 'bind' directive. Please declare it as a backend if this was intended.`);
  }
  const chooses = proxy.explicitBalance || proxy.servers.some(({ name }) => name !== 'dispatch');
  if (own.dispatch !== null && chooses) {
    diagnostics.warning(null, `dispatch address of ${who} will be ignored in balance mode.`);
  }
  const ownFormat = proxy.logFormatFrom === 'log-format' && proxy.from?.logFormatFrom !== 'log-format';
  const ownData = own.logFormatSd !== null && proxy.from?.config.logFormatSd !== own.logFormatSd;
  if ((ownFormat || ownData) && own.logs.length === 0 && proxy.kind !== 'backend') {
    diagnostics.warning(null, `log format ignored for ${who} since it has no log address.`);
  }
}

/** `ssl` of the bind lines: certificates, versions and authorities that it needs. Once a line. */
function checkBindTls(context: Context, proxy: ProxyDraft): void {
  const { diagnostics } = context;
  const { binds, name } = proxy.config;
  for (const [index, { tls, at, address }] of binds.entries()) {
    if (tls === null || binds[index - 1]?.at === at) continue;
    const where = `bind '${formatAddress(address)}' at [${at.file}:${at.line}]`;
    const alert = (text: string) => diagnostics.alert(null, `${label(proxy)} '${name}': ${text}`);
    for (const text of bindTlsProblems(tls, where)) alert(text);
    const hole = tlsVersions(tls.options)?.hole ?? null;
    if (hole !== null)
      diagnostics.warning(
        null,
        `${label(proxy)} '${name}': SSL/TLS versions range not contiguous for ${where}. Hole find for ${hole}. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.`,
      );
  }
}

/** What is missing for TLS on a `bind` line, in HAProxy's words; `where` names the line. */
export function bindTlsProblems(tls: BindConfig['tls'], where: string): string[] {
  if (tls === null) return [];
  const problems: string[] = [];
  if (tls.crts.length + tls.defaultCrts.length + tls.crtLists.length === 0 && !tls.strictSni)
    problems.push(`no SSL certificate specified for ${where} (use 'crt').`);
  if (tlsVersions(tls.options) === null) problems.push(`all SSL/TLS versions are disabled for ${where}.`);
  const { verify, caFile, caVerifyFile } = tls.options;
  if ((verify === 'required' || verify === 'optional') && caFile === null && caVerifyFile === null)
    problems.push(`verify is enabled but no CA file specified for ${where}.`);
  return problems;
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
    if (own.rules[set].length > (parent?.rules[set].length ?? 0)) warn(`'${set}' rules`, 'as they require HTTP mode');
    own.rules[set] = [];
  }
  if (own.redirects.length > 0) warn("'redirect' rules", 'as they require HTTP mode');
  own.redirects = [];
  if (own.forwardfor !== null && parent?.forwardfor == null) warn("'option forwardfor'");
  if (own.forwarded !== null && parent?.forwarded == null) warn("'option forwarded'");
  if (own.originalto !== null && parent?.originalto == null) warn("'option originalto'");
  for (const option of HTTP_OPTIONS) {
    if (!own.options.includes(option)) continue;
    warn(`'option ${option}'`);
    setOption(proxy, option, false);
  }
  Object.assign(own, { stats: null, captures: [], forwardfor: null, forwarded: null, originalto: null });
  for (const server of proxy.servers) {
    if (server.cookie === null) continue;
    context.diagnostics.warning(null, `${who} : ignoring cookie for server '${server.name}' as HTTP mode is disabled.`);
    server.cookie = null;
  }
  own.servers = proxy.servers.map(finishServer) as never;
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
