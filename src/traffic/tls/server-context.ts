import { constants, createHash } from 'node:crypto';
import { createSecureContext, getCertificateCompressionAlgorithms, type SecureVersion } from 'node:tls';
import type { BindTlsConfig, GlobalTlsConfig, TlsOptions } from '../../config/types.ts';
import { protocolSettings } from '../../model/certificates/protocol-settings.ts';
import type { ThreadCertificates } from '../../model/certificates/thread-certificates.ts';
import type { CertificateView, SniEntryView, TrustView } from '../../model/certificates/views.ts';
import type { NativeContext } from '../../net/bindings.ts';
import { dhParameters } from './dh-parameters.ts';
import { trustQuietly } from './quiet-authorities.ts';
import { ticketAnswer } from './ticket-keys.ts';

/** What Node's SecureContext has beside its public methods. */
interface NativeTickets {
  enableTicketKeyCallback(): void;
  onticketkeycallback: (name: Buffer, iv: Buffer, encrypt: boolean) => unknown;
}

interface NativeTrust {
  addCACert(pem: string): void;
}

/** Not among Node's constants: a client may not begin a second handshake within a connection. */
const SSL_OP_NO_RENEGOTIATION = 0x4000_0000;

/** So many bytes of PEM take about as much memory, parsed, as a context without authorities. */
const BYTES_IN_CONTEXT = 8192;

/** A certificate with its options, ready for handshakes. */
export interface ServerContext {
  readonly native: NativeContext;
  readonly certificate: CertificateView;
  readonly trusts: readonly (TrustView | undefined)[];
  readonly entry: SniEntryView;
  readonly options: TlsOptions;
  /** Of the handshake that begins: whether TLS 1.3 is spoken. */
  readonly begins: { tls13: boolean };
  readonly global: GlobalTlsConfig;
  /** What it takes of memory, as a multiple of what one without authorities takes. */
  readonly weight: number;
}

/** Where contexts have their parts from: always the same view while it has not changed. */
export interface ServedCertificates {
  readonly certificates: Pick<ThreadCertificates['certificates'], 'get'>;
  readonly trusts: Pick<ThreadCertificates['trusts'], 'get'>;
  readonly ticketKeys: Pick<ThreadCertificates['ticketKeys'], 'get'>;
}

/** What contexts of a `bind` line are made from, beside its entries. */
export interface ContextBasis {
  readonly certificates: ServedCertificates;
  readonly config: BindTlsConfig;
  readonly global: GlobalTlsConfig;
  /** The line has so many certificates that contexts are made over and over: compressing one takes ten times as long as all else. */
  readonly many: boolean;
}

/** The options of an entry: those of the bind line where it says nothing itself. */
function entryOptions(config: BindTlsConfig, entry: SniEntryView): TlsOptions {
  return entry.options === null ? config.options : { ...config.options, ...entry.options };
}

function trustsOf(certificates: ServedCertificates, options: TlsOptions): (TrustView | undefined)[] {
  const paths = [options.caFile, options.caVerifyFile, options.crlFile];
  return paths.map((path) => (path === null ? undefined : certificates.trusts.get(path)));
}

/** Whether `context` is still what would be built now. */
export function isCurrent(
  context: ServerContext,
  entry: SniEntryView,
  { certificates, global }: ContextBasis,
): boolean {
  if (context.global !== global) return false;
  if (context.entry !== entry && !sameOptions(context.entry, entry)) return false;
  if (certificates.certificates.get(entry.certificate) !== context.certificate) return false;
  return trustsOf(certificates, context.options).every((trust, index) => trust === context.trusts[index]);
}

function sameOptions(a: SniEntryView, b: SniEntryView): boolean {
  return a.certificate === b.certificate && JSON.stringify(a.options) === JSON.stringify(b.options);
}

/** Builds the context of an entry. Throws what the library says of the certificate or an option. */
export function buildServerContext(basis: ContextBasis, entry: SniEntryView): ServerContext {
  const { certificates, config, global } = basis;
  const certificate = certificates.certificates.get(entry.certificate);
  if (certificate === undefined) throw new Error(`no certificate ${entry.certificate}`);
  const options = entryOptions(config, entry);
  const trusts = trustsOf(certificates, options);
  const protocol = protocolSettings(options, global);
  const dhparam = dhParameters(certificate, global);
  const { context } = createSecureContext({
    cert: Buffer.from(certificate.chain),
    key: Buffer.from(certificate.key),
    ...trustSettings(options, trusts),
    ...protocol,
    certificateCompression: compressions(basis, protocol.maxVersion),
    honorCipherOrder: !config.preferClientCiphers,
    secureOptions: protocol.secureOptions | SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA,
    ...sessionSettings(options, trusts, global),
    ...(dhparam === null ? {} : { dhparam }),
  });
  if (isQuiet(options)) nameAuthorities(context as unknown as NativeTrust, options, trusts);
  const begins = { tls13: false };
  if (options.tickets) useTicketKeys(context as unknown as NativeTickets, basis, begins);
  return {
    native: context as NativeContext,
    certificate,
    trusts,
    entry,
    options,
    begins,
    global,
    weight: weightOf(options, trusts),
  };
}

/**
 * Makes the context of an entry of one of the same line that nobody needs any more, which takes a third of the time; null, and `old` is
 * closed, where the two differ in more than the certificate itself and its key. Connections that began with `old` keep what they have.
 */
export function remakeServerContext(
  old: ServerContext,
  basis: ContextBasis,
  entry: SniEntryView,
): ServerContext | null {
  const certificate = basis.certificates.certificates.get(entry.certificate);
  try {
    const leaf = certificate === undefined ? null : leafToPut(old, basis, entry, certificate);
    if (leaf !== null && certificate !== undefined) {
      const { native, options, trusts, global, weight } = old;
      native.setCert(leaf);
      native.setKey(Buffer.from(certificate.key));
      const begins = { tls13: false };
      if (options.tickets) useTicketKeys(native as unknown as NativeTickets, basis, begins);
      return { native, certificate, trusts, entry, options, begins, global, weight };
    }
  } catch {
    // What the library says is said again by the one that is built.
  }
  old.native.close();
  return null;
}

/** The certificate without its chain, which must be that of `old`: the library keeps it; null where they differ in something else. */
function leafToPut(
  old: ServerContext,
  { certificates, global }: ContextBasis,
  entry: SniEntryView,
  certificate: CertificateView,
): Buffer | null {
  const { keyType, dh } = certificate;
  if (entry.options !== null || old.entry.options !== null || old.global !== global) return null;
  if (keyType !== old.certificate.keyType || (keyType !== 'rsa' && keyType !== 'ecdsa')) return null;
  if (dh !== null || old.certificate.dh !== null || global.defaultDhParam !== 0) return null;
  if (trustsOf(certificates, old.options).some((trust, index) => trust !== old.trusts[index])) return null;
  const [chain, before] = [Buffer.from(certificate.chain), Buffer.from(old.certificate.chain)];
  const [end, endBefore] = [leafEnd(chain), leafEnd(before)];
  if (end === null || endBefore === null || !chain.subarray(end).equals(before.subarray(endBefore))) return null;
  return chain.subarray(0, end);
}

const LEAF_BEGIN = '-----BEGIN CERTIFICATE-----';
const LEAF_END = '-----END CERTIFICATE-----\n';

/** Where the first certificate of a chain ends; null for one of another form. */
function leafEnd(chain: Buffer): number | null {
  const end = chain.indexOf(LEAF_END, 0, 'latin1');
  return end < 0 || chain.indexOf(LEAF_BEGIN, 0, 'latin1') !== 0 ? null : end + LEAF_END.length;
}

/** How certificates may be sent compressed: the library takes none where TLS 1.3 is not spoken. */
function compressions({ global, many }: ContextBasis, maxVersion: SecureVersion | undefined) {
  return global.certificateCompression && !many && maxVersion === 'TLSv1.3'
    ? getCertificateCompressionAlgorithms()
    : [];
}

/** Each context has authorities and revocation lists of its own, parsed. */
function weightOf(options: TlsOptions, trusts: readonly (TrustView | undefined)[]): number {
  if (!verifies(options)) return 1;
  const texts = trusts.flatMap((trust) => (trust === undefined ? [] : [...trust.certificates, ...trust.crls]));
  return 1 + texts.reduce((sum, { length }) => sum + length, 0) / BYTES_IN_CONTEXT;
}

function verifies({ verify }: TlsOptions): boolean {
  return verify === 'optional' || verify === 'required';
}

/** Without `ca`, Node would trust those of its own, or what `trustQuietly` says. */
function trustSettings(options: TlsOptions, [named, quiet, revoked]: readonly (TrustView | undefined)[]) {
  if (!verifies(options)) return { ca: [] };
  if (isQuiet(options)) trustQuietly(options.noCaNames ? [quiet, named] : [quiet]);
  return {
    ...(isQuiet(options) ? {} : { ca: [...(named?.certificates ?? [])] }),
    ...(revoked === undefined ? {} : { crl: [...revoked.crls] }),
  };
}

/** Some authorities are trusted that clients are not told of. */
function isQuiet(options: TlsOptions): boolean {
  return verifies(options) && (options.noCaNames || options.caVerifyFile !== null);
}

/** Trusts those of `ca-file`, too, and tells clients of them. */
function nameAuthorities(
  native: NativeTrust,
  { noCaNames }: TlsOptions,
  [named]: readonly (TrustView | undefined)[],
): void {
  if (!noCaNames) for (const pem of named?.certificates ?? []) native.addCACert(pem);
}

/**
 * Sessions are resumed only where clients are verified alike: by the same authorities, with the same revocations. Threads, and nodes
 * with the same settings, agree on the name for that.
 */
function sessionSettings(options: TlsOptions, trusts: readonly (TrustView | undefined)[], global: GlobalTlsConfig) {
  const hash = createHash('sha256').update(options.verify ?? 'none');
  if (verifies(options)) for (const trust of trusts) hash.update(JSON.stringify([trust?.certificates, trust?.crls]));
  return {
    sessionIdContext: hash.digest('hex').slice(0, 32),
    sessionTimeout: Math.min(2_147_483_647, Math.max(1, Math.round(global.lifetime / 1000))),
  };
}

/** Clients use a ticket of TLS 1.3 once (RFC 8446, appendix C.4): without a new one each time they would soon have none. */
function useTicketKeys(
  native: NativeTickets,
  { certificates, config }: ContextBasis,
  begins: ServerContext['begins'],
): void {
  const path = config.ticketKeys ?? '';
  native.enableTicketKeyCallback();
  native.onticketkeycallback = (name, _iv, encrypt) =>
    ticketAnswer(certificates.ticketKeys.get(path), name, encrypt, begins.tls13);
}
