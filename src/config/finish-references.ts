/** References between sections, checked once all are known. */

import { type ConfigDraft, findBackend, type ProxyDraft } from './draft.ts';
import type { ServerDraft } from './draft-server.ts';
import type { Context } from './line.ts';
import type { Location } from './types.ts';

/** References to backends, servers and sections by name. */
export function checkReferences(context: Context, proxy: ProxyDraft): void {
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
        rule.at,
        `${label(proxy)} '${name}' : unable to find server '${rule.words[0]}' referenced in a 'use-server' rule.`,
      );
    }
  }
  for (const page of own.errorPages) {
    if (page.kind === 'section' && !config.httpErrors.some((section) => section.name === page.section)) {
      diagnostics.alert(page.at, `proxy '${name}': unable to find http-errors section '${page.section}'.`);
    }
  }
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
    diagnostics.alert(at, `Proxy '${own.name}': unable to find required ${keyword}: '${name}'.`);
    return;
  }
  if (target === proxy) {
    diagnostics.alert(at, `Proxy '${own.name}': loop detected for ${keyword}: '${name}'.`);
    return;
  }
  // A TCP frontend may hand over to an HTTP backend: the connection is upgraded.
  if (own.mode === target.config.mode || (own.mode === 'tcp' && target.config.mode === 'http')) return;
  const place = (draft: ProxyDraft) =>
    `${draft.config.mode} ${label(draft)} '${draft.config.name}' (${draft.config.at.file}:${draft.config.at.line})`;
  const use = keyword === 'default_backend' ? 'as its default backend' : "in a 'use_backend' rule";
  diagnostics.alert(at, `${place(proxy)} tries to use incompatible ${place(target)} ${use} (see 'mode').`);
}

/** What a server refers to, and whether it can be checked. `untangled`: servers whose tracking is known not to loop, added to. */
export function checkServer(
  context: Context,
  proxy: ProxyDraft,
  server: ServerDraft,
  untangled: Set<ServerDraft>,
): void {
  const where = `'server ${proxy.config.name}/${server.name}'`;
  const alert = (text: string) => context.diagnostics.alert(server.at, `${where} : ${text}`, 'server');
  const { config } = context;
  if (server.resolvers !== null && !config.resolvers.some((section) => section.name === server.resolvers)) {
    alert(`unable to find required resolvers '${server.resolvers}'`);
  }
  if (server.track !== null) checkTrack(config, proxy, server, untangled, alert);
  if (server.checkEnabled && lacksCheckPort(proxy, server)) {
    alert("server has neither service port nor check port, nor tcp_check rule 'connect' with port information.");
  }
}

/**
 * Checks need a port: the server's, their own, one in a `connect` rule, or one that an SRV record brings. A server without an address,
 * such as one that has its address to come, needs none yet.
 */
function lacksCheckPort(proxy: ProxyDraft, { address, check, resolvers }: ServerDraft): boolean {
  if (
    check.port !== 0 ||
    check.addrPort !== 0 ||
    !('port' in address) ||
    (address.port !== 0 && address.portMap === '')
  )
    return false;
  if (check.addr === null && (address.host === '0.0.0.0' || address.host === '::')) return false;
  if (resolvers !== null && address.family === 'name' && address.host.startsWith('_')) return false;
  const { rules } = check.definition?.healthCheck ?? proxy.config.healthCheck;
  return rules.every((rule) => rule.words[1] !== 'connect');
}

/** The backend and server that a `track` names; without a backend it is one of the server's own. */
function tracked(
  config: ConfigDraft,
  owner: ProxyDraft,
  track: string,
): { name: string; backend: ProxyDraft | undefined; server: string } {
  const slash = track.indexOf('/');
  if (slash < 0) return { name: owner.config.name, backend: owner, server: track };
  const name = track.slice(0, slash);
  return { name, backend: findBackend(config, name), server: track.slice(slash + 1) };
}

function checkTrack(
  config: ConfigDraft,
  proxy: ProxyDraft,
  server: ServerDraft,
  untangled: Set<ServerDraft>,
  alert: (text: string) => void,
): void {
  const first = tracked(config, proxy, server.track!);
  if (first.backend === undefined) return alert(`unable to find required proxy '${first.name}' for tracking.`);
  const target = findServer(first.backend, first.server);
  const what = `${first.name}/${first.server}`;
  if (target === undefined) return alert(`unable to find required server '${first.server}' for tracking.`);
  if (!target.checkEnabled && !target.agentEnabled && target.track === null) {
    return alert(`unable to use ${what} for tracking as it does not have any check nor agent enabled.`);
  }
  const seen = new Set([server]);
  let owner: ProxyDraft | undefined = first.backend;
  let next: ServerDraft | undefined = target;
  while (next !== undefined && !untangled.has(next)) {
    if (seen.has(next)) {
      return alert(
        `unable to track ${what} as it belongs to a tracking chain looping back to ${owner?.config.name}/${next.name}.`,
      );
    }
    seen.add(next);
    if (next.track === null || owner === undefined) break;
    const step = tracked(config, owner, next.track);
    owner = step.backend;
    next = owner && findServer(owner, step.server);
  }
  for (const fine of seen) untangled.add(fine);
  return undefined;
}

function findServer(backend: ProxyDraft, name: string): ServerDraft | undefined {
  return backend.serverNames.get(name);
}

/** A section as HAProxy's messages call it. */
export function label({ kind }: ProxyDraft): string {
  return kind === 'listen' ? 'proxy' : kind;
}
