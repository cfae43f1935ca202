import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { tlsVersions } from '../../config/tls.ts';
import type { GlobalTlsConfig, TlsOptions, TlsVersion } from '../../config/types.ts';

const VERSION_NAMES = { 'TLSv1.0': 'TLSv1', 'TLSv1.1': 'TLSv1.1', 'TLSv1.2': 'TLSv1.2', 'TLSv1.3': 'TLSv1.3' } as const;

/** Versions, cipher suites, curves, signature algorithms and tickets of a line, either side, as Node's `createSecureContext` takes them. */
export function protocolSettings(
  options: TlsOptions,
  global: Pick<GlobalTlsConfig, 'securityLevel'>,
): SecureContextOptions & { readonly secureOptions: number } {
  const { min, max } = tlsVersions(options) ?? { min: 'TLSv1.2' as TlsVersion, max: 'TLSv1.3' as TlsVersion };
  const level = global.securityLevel === null ? '' : `:@SECLEVEL=${global.securityLevel}`;
  const suites = options.ciphersuites === null ? '' : `${options.ciphersuites}:`;
  return {
    minVersion: VERSION_NAMES[min],
    maxVersion: VERSION_NAMES[max],
    ciphers: `${suites}${options.ciphers ?? 'DEFAULT'}${level}`,
    ...(options.curves === null ? {} : { ecdhCurve: options.curves }),
    ...(options.sigalgs === null ? {} : { sigalgs: options.sigalgs }),
    secureOptions: options.tickets ? 0 : constants.SSL_OP_NO_TICKET,
  };
}
