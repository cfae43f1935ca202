/** Whether the settings of TLS on a `server` line fit together. */

import type { ServerDraft } from './draft-server.ts';
import { tlsVersions } from './tls.ts';
import type { GlobalConfig, HealthCheckConfig } from './types.ts';

/** Whether steps of a health check speak TLS, whatever the servers say. */
export function checksOverTls({ rules }: Pick<HealthCheckConfig, 'rules'>): boolean {
  return rules.some(({ words }) => words[1] === 'connect' && words.includes('ssl'));
}

/** What is wrong with them, in HAProxy's words; null: nothing, or TLS is not spoken. */
export function serverTlsProblem(
  { tls }: ServerDraft,
  global: Pick<GlobalConfig, 'tls'>,
  checks: boolean,
): string | null {
  if (!tls.on && tls.checkSsl !== true && !checks) return null;
  if (tlsVersions(tls.options) === null) return 'all SSL/TLS versions are disabled.';
  if (tls.options.verify !== 'required' || tls.options.caFile !== null) return null;
  return global.tls.serverVerify === 'required' ? VERIFY_BY_DEFAULT : 'verify is enabled but no CA file specified.';
}

const VERIFY_BY_DEFAULT =
  'verify is enabled by default but no CA file specified. ' +
  "If you're running on a LAN where you're certain to trust the server's certificate, please set an explicit 'verify none' " +
  "statement on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side verifications by default.";
