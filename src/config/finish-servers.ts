/** What servers say of their protocol and of TLS, once the whole configuration is known. */

import type { ProxyDraft } from './draft.ts';
import type { Context } from './line.ts';

/** Mistakes that only the proxy's mode shows. */
export function checkServerProtocols(context: Context, proxy: ProxyDraft): void {
  for (const { proto, name, at } of proxy.servers) {
    if (proto !== 'h2' || proxy.config.mode === 'http') continue;
    context.diagnostics.alert(
      null,
      `proxy '${proxy.config.name}' : MUX protocol '${proto}' is not usable for server '${name}' at [${at.file}:${at.line}].`,
    );
  }
}
