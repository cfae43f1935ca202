/** What servers say of their protocol and of TLS, once the whole configuration is known. */

import type { ProxyDraft } from './draft.ts';
import type { ServerDraft } from './draft-server.ts';
import { label } from './finish-references.ts';
import { completeServerTls } from './keywords/server-tls.ts';
import type { Context } from './line.ts';
import { serverTlsProblem } from './server-tls.ts';

/**
 * Fills in what the global section says of TLS to servers; says what is wrong with the result unless there were `mistakes` before.
 * `overTls`: steps of their health checks speak it.
 */
export function completeServers(
  context: Context,
  servers: readonly ServerDraft[],
  proxy: string,
  mistakes: boolean,
  overTls = false,
): void {
  const { global } = context.config;
  for (const server of servers) {
    server.tls.mentioned ||= overTls;
    completeServerTls(server.tls, global);
    const problem = mistakes ? null : serverTlsProblem(server, global, overTls);
    if (problem !== null)
      context.diagnostics.alert(server.at, `'server ${proxy}/${server.name}' : ${problem}`, 'server');
  }
}

/** Mistakes that only the proxy's mode shows. */
export function checkServerProtocols(context: Context, proxy: ProxyDraft): void {
  const { kind } = proxy.config.healthCheck;
  for (const { proto, name, at, check, checkEnabled } of proxy.servers) {
    if (checkEnabled && check.proto === 'h2' && kind !== 'http')
      context.diagnostics.alert(
        null,
        `config: ${label(proxy)} '${proxy.config.name}': server '${name}' uses an incompatible MUX protocol for the selected check type`,
      );
    if (proto !== 'h2' || proxy.config.mode === 'http') continue;
    context.diagnostics.alert(
      null,
      `proxy '${proxy.config.name}' : MUX protocol '${proto}' is not usable for server '${name}' at [${at.file}:${at.line}].`,
    );
  }
}
