import { createSecureContext } from 'node:tls';
import type { GlobalTlsConfig, ServerTlsConfig } from '../../config/types.ts';
import { protocolSettings } from '../../model/certificates/protocol-settings.ts';
import type { CertificateView, TrustView } from '../../model/certificates/views.ts';
import type { NativeContext } from '../../net/bindings.ts';

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
  readonly global: GlobalTlsConfig;
}

/** The certificate and the authorities that a server's settings name. */
function outgoingParts(material: TlsMaterial, { crt, options }: ServerTlsConfig): OutgoingContext['parts'] {
  const trust = (path: string | null) => (path === null ? undefined : material.trusts.get(path));
  return [
    crt === null ? undefined : material.certificatesByPath.get(crt),
    trust(options.caFile),
    trust(options.crlFile),
  ];
}

/** Different settings whose contexts are known, at most; servers keep their own anyway. */
const KNOWN = 256;

const known = new WeakMap<TlsMaterial, Map<string, OutgoingContext>>();

/**
 * The context for connections to a server; those with the same settings have one in common: with the authorities of the system it takes
 * 600 kB and 15 ms. Throws what the library says of a file or an option.
 */
export function outgoingContext(
  material: TlsMaterial,
  config: ServerTlsConfig,
  global: GlobalTlsConfig,
): OutgoingContext {
  let contexts = known.get(material);
  if (contexts === undefined) {
    contexts = new Map();
    known.set(material, contexts);
  }
  const key = JSON.stringify([config.crt, config.options]);
  const found = contexts.get(key);
  if (found !== undefined && isCurrent(found, material, config, global)) return found;
  const context = build(material, config, global);
  if (contexts.size >= KNOWN) contexts.clear();
  contexts.set(key, context);
  return context;
}

/** Whether it is still what would be built now. */
export function isCurrent(
  context: OutgoingContext,
  material: TlsMaterial,
  config: ServerTlsConfig,
  global: GlobalTlsConfig,
): boolean {
  return (
    context.global === global && outgoingParts(material, config).every((part, index) => part === context.parts[index])
  );
}

function build(material: TlsMaterial, config: ServerTlsConfig, global: GlobalTlsConfig): OutgoingContext {
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
  return { native: context as NativeContext, parts, global };
}
