import type { ServerConfig } from '../../config/types.ts';
import type { ServerUse } from './store.ts';

/** What servers show, and what they are verified with. */
export function serverUses(servers: readonly Pick<ServerConfig, 'tls'>[]): ServerUse[] {
  return servers.flatMap(({ tls }) => {
    if (tls === null) return [];
    const { verify, caFile, crlFile } = tls.options;
    const trusts = [caFile, crlFile].flatMap((path) =>
      path === null ? [] : { path, verifies: verify === 'required' },
    );
    return tls.crt === null && trusts.length === 0 ? [] : { certificate: tls.crt, trusts };
  });
}
