import { createSecureContext } from 'node:tls';
import type { GlobalTlsConfig, ServerTlsConfig } from '../../config/types.ts';
import type { CertificateView, TrustView } from '../../model/certificates/views.ts';
import type { NativeContext } from '../../net/bindings.ts';
import { protocolSettings } from './protocol-settings.ts';

/** Certificates and authorities by what names them: always the same view while they have not changed. */
export interface TlsMaterial {
  readonly certificatesByPath: Pick<ReadonlyMap<string, CertificateView>, 'get'>;
  readonly trusts: Pick<ReadonlyMap<string, TrustView>, 'get'>;
}

/** What connections to a server are made with. */
export interface OutgoingContext {
  readonly native: NativeContext;
  /** What it was built from. */
  readonly parts: readonly (CertificateView | TrustView | undefined)[];
}

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
