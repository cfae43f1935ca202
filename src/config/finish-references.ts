/** References between sections, checked once all are known. */

import type { ConfigDraft, ProxyDraft } from './draft.ts';
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

/** What a server refers to, and whether it can be checked. */
export function checkServer(context: Context, proxy: ProxyDraft, server: ServerDraft): void {
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

/** A section as HAProxy's messages call it. */
export function label({ kind }: ProxyDraft): string {
  return kind === 'listen' ? 'proxy' : kind;
}
