import { constants } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { tlsVersions } from '../../config/tls.ts';
import type { GlobalTlsConfig, ServerTlsConfig, TlsOptions, TlsVersion } from '../../config/types.ts';
import type { CertificateView, TrustView } from '../../model/certificates/views.ts';
import type { NativeContext } from '../../net/bindings.ts';

/** Certificates and authorities by what names them. */
export interface TlsMaterial {
  readonly certificatesByPath: ReadonlyMap<string, CertificateView>;
  readonly trusts: ReadonlyMap<string, TrustView>;
  /** Another one when some of them have changed. */
  readonly version: number;
}

/** What connections to a server are made with. */
export interface OutgoingContext {
  readonly native: NativeContext;
  /** What it was built from. */
  readonly parts: readonly (CertificateView | TrustView | undefined)[];
}

const VERSION_NAMES = { 'TLSv1.0': 'TLSv1', 'TLSv1.1': 'TLSv1.1', 'TLSv1.2': 'TLSv1.2', 'TLSv1.3': 'TLSv1.3' } as const;

/** The certificate and the authorities that a server's settings name. */
export function outgoingParts(material: TlsMaterial, { crt, options }: ServerTlsConfig): OutgoingContext['parts'] {
  const trust = (path: string | null) => (path === null ? undefined : material.trusts.get(path));
  return [
    crt === null ? undefined : material.certificatesByPath.get(crt),
    trust(options.caFile),
    trust(options.crlFile),
  ];
}

/** Builds the context for connections to a server. Throws what the library says of a file or an option. */
export function buildOutgoingContext(
  material: TlsMaterial,
  config: ServerTlsConfig,
  global: GlobalTlsConfig,
): OutgoingContext {
  const parts = outgoingParts(material, config);
  const [certificate, authorities, revoked] = parts as [
    CertificateView | undefined,
    TrustView | undefined,
    TrustView | undefined,
  ];
  const { options, crt } = config;
  if (crt !== null && certificate === undefined) throw new Error(`there is no certificate '${crt}'`);
  const { context } = createSecureContext({
    // Without `ca`, Node would trust those of its own.
    ca: options.verify === 'required' ? [...(authorities?.certificates ?? [])] : [],
    ...(options.verify === 'required' && revoked !== undefined ? { crl: [...revoked.crls] } : {}),
    ...(certificate === undefined ? {} : { cert: Buffer.from(certificate.chain), key: Buffer.from(certificate.key) }),
    ...protocolSettings(options, global),
  });
  return { native: context as NativeContext, parts };
}

function protocolSettings(options: TlsOptions, global: GlobalTlsConfig) {
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
