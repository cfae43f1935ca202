/** What servers say of their protocol and of TLS, once the whole configuration is known. */

import { formatAddress } from './address.ts';
import type { ProxyDraft } from './draft.ts';
import type { ServerDraft } from './draft-server.ts';
import { label } from './finish-references.ts';
import { completeServerTls } from './keywords/server-tls.ts';
import type { Context } from './line.ts';
import { checksOverTls, serverTlsProblem } from './server-tls.ts';
import type { BindConfig, HealthCheckConfig } from './types.ts';

/** Gives the servers the healthcheck sections that they name. */
export function resolveHealthChecks({ config, diagnostics }: Context, { servers, config: own }: ProxyDraft): void {
  for (const server of servers) {
    const { healthcheck: name } = server;
    if (name === null) continue;
    const found = config.healthChecks.find((section) => section.config.name === name);
    if (found === undefined)
      diagnostics.alert(
        server.at,
        `'server ${own.name}/${server.name}' : unable to find required healthcheck '${name}'`,
        'server',
      );
    else server.check.definition = found.config;
  }
}

/**
 * Fills in what the global section says of TLS to servers; says what is wrong with the result unless there were `mistakes` before.
 * `healthCheck`: that of their backend, as its steps may speak it.
 */
export function completeServers(
  context: Context,
  servers: readonly ServerDraft[],
  proxy: string,
  mistakes: boolean,
  healthCheck: Pick<HealthCheckConfig, 'rules'> = { rules: [] },
): void {
  const { global } = context.config;
  for (const server of servers) {
    const overTls = checksOverTls(server.check.definition?.healthCheck ?? healthCheck);
    server.tls.mentioned ||= overTls;
    completeServerTls(server.tls, global);
    const problem = mistakes ? null : serverTlsProblem(server, global, overTls);
    if (problem !== null)
      context.diagnostics.alert(server.at, `'server ${proxy}/${server.name}' : ${problem}`, 'server');
  }
}

/** Mistakes that only the proxy's mode shows. */
export function checkServerProtocols(context: Context, proxy: ProxyDraft): void {
  for (const { proto, name, at, check, checkEnabled } of proxy.servers) {
    const { kind } = check.definition?.healthCheck ?? proxy.config.healthCheck;
    if (checkEnabled && check.proto === 'h2' && kind !== 'http')
      context.diagnostics.alert(
        null,
        `config: ${label(proxy)} '${proxy.config.name}': server '${name}' uses an incompatible MUX protocol for the selected check type`,
      );
    refuseProto(context, proxy, proto, `server '${name}' at [${at.file}:${at.line}]`);
  }
}

/** The same for `bind` lines. */
export function checkBindProtocols(context: Context, proxy: ProxyDraft): void {
  for (const { proto, address, at } of proxy.config.binds)
    refuseProto(context, proxy, proto, `'bind ${formatAddress(address)}' at [${at.file}:${at.line}]`);
}

/** `proto` fits the proxy's mode: HTTP has its versions, bytes have none. */
function refuseProto(context: Context, proxy: ProxyDraft, proto: BindConfig['proto'], where: string): void {
  const { mode, name } = proxy.config;
  if (proto === null || mode === (proto === 'none' ? 'tcp' : 'http')) return;
  context.diagnostics.alert(null, `${label(proxy)} '${name}' : MUX protocol '${proto}' is not usable for ${where}.`);
}
