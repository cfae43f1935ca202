/** TLS of the client's connection (HAProxy manual, section 7.3.4). */

import type { Arg } from '../args.ts';
import type { FetchRow } from '../row.ts';
import type { ValueType } from '../sample.ts';
import type { ExprContext, HelloFacts, SampleValue, TlsFacts } from '../types.ts';
import { certificateFetches, nameFetch } from './certificates.ts';

/** A fact of the connection; nothing on clear ones. */
function row(name: string, type: ValueType, read: (tls: TlsFacts) => SampleValue | undefined): FetchRow {
  const evaluate = (ctx: ExprContext) => (ctx.tls == null ? undefined : read(ctx.tls));
  return { name, args: '', type, source: 'clientConnection', compile: () => evaluate };
}

const text = (name: string, read: (tls: TlsFacts) => string): FetchRow =>
  row(name, 'str', (tls) => read(tls) || undefined);
const bytes = (name: string, read: (tls: TlsFacts) => string): FetchRow =>
  row(name, 'bin', (tls) => read(tls) || undefined);

/** A question that clear connections answer with no. */
function flag(name: string, read: (tls: TlsFacts) => boolean): FetchRow {
  const evaluate = (ctx: ExprContext) => ctx.tls != null && read(ctx.tls);
  return { name, args: '', type: 'bool', source: 'clientConnection', compile: () => evaluate };
}

/** Bits of a cipher suite: of its algorithm, and those that protect. */
function keySize(cipher: string, protecting: boolean): number | undefined {
  if (/AES_?256|CHACHA20|CAMELLIA256|ARIA256/.test(cipher)) return 256;
  if (/AES_?128|CAMELLIA128|ARIA128|SEED|IDEA/.test(cipher)) return 128;
  return /DES-CBC3|3DES/.test(cipher) ? (protecting ? 112 : 168) : undefined;
}

/** Numbers of two bytes without those that stand for nothing (RFC 8701). */
function withoutGrease(list: string): string {
  let rest = '';
  for (let at = 0; at + 2 <= list.length; at += 2) {
    const [high, low] = [list.charCodeAt(at), list.charCodeAt(at + 1)];
    if (high !== low || (high & 0x0f) !== 0x0a) rest += list.slice(at, at + 2);
  }
  return rest;
}

/** A list of the client's hello; with 1 as argument GREASE is left out. */
function list(
  name: string,
  type: ValueType,
  read: (hello: HelloFacts) => string,
  print: (list: string) => string = (bytes) => bytes,
): FetchRow {
  const compile = ([filter]: readonly Arg[]) => {
    const plain = filter === undefined || Number(filter) === 0;
    return ({ tls }: ExprContext) => {
      const hello = tls?.hello;
      if (hello == null) return undefined;
      return print(plain ? read(hello) : withoutGrease(read(hello))) || undefined;
    };
  };
  return { name, args: '[integer]', type, source: 'clientConnection', compile };
}

const hexadecimal = (list: string): string => Buffer.from(list, 'latin1').toString('hex').toUpperCase();

/** Names of secrets in NSS's key log, by their fetches. */
const SECRETS: readonly (readonly [string, string])[] = [
  ['client_early_traffic_secret', 'CLIENT_EARLY_TRAFFIC_SECRET'],
  ['client_handshake_traffic_secret', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'],
  ['client_traffic_secret_0', 'CLIENT_TRAFFIC_SECRET_0'],
  ['early_exporter_secret', 'EARLY_EXPORTER_SECRET'],
  ['exporter_secret', 'EXPORTER_SECRET'],
  ['server_handshake_traffic_secret', 'SERVER_HANDSHAKE_TRAFFIC_SECRET'],
  ['server_traffic_secret_0', 'SERVER_TRAFFIC_SECRET_0'],
];

const connectionRows: readonly FetchRow[] = [
  flag('ssl_fc', () => true),
  row('ssl_fc_alg_keysize', 'sint', (tls) => keySize(tls.cipher, false)),
  row('ssl_fc_use_keysize', 'sint', (tls) => keySize(tls.cipher, true)),
  text('ssl_fc_alpn', (tls) => tls.alpn),
  text('ssl_fc_cipher', (tls) => tls.cipher.replace(/^-$/, '')),
  text('ssl_fc_protocol', (tls) => tls.protocol.replace(/^-$/, '')),
  bytes('ssl_fc_client_random', (tls) => tls.clientRandom),
  text('ssl_fc_crtname', (tls) => tls.certificateName),
  row('ssl_fc_err', 'sint', (tls) => tls.error),
  text('ssl_fc_err_str', (tls) => tls.errorText),
  flag('ssl_fc_has_crt', (tls) => tls.certificateUsed && !tls.resumed),
  flag('ssl_fc_has_sni', (tls) => tls.sni !== ''),
  flag('ssl_fc_is_resumed', (tls) => tls.resumed),
  bytes('ssl_fc_session_id', (tls) => tls.sessionId),
  bytes('ssl_fc_session_key', (tls) => tls.sessionKey),
  text('ssl_fc_sni', (tls) => tls.sni),
  bytes('ssl_fc_unique_id', (tls) => tls.uniqueId),
  // Early data is not taken, and NPN is not spoken.
  flag('ssl_fc_early_rcvd', () => false),
  flag('ssl_fc_has_early', () => false),
  text('ssl_fc_npn', () => ''),
  ...SECRETS.map(([name, label]) => text(`ssl_fc_${name}`, (tls) => tls.secret(label))),
];

const helloRows: readonly FetchRow[] = [
  list('ssl_fc_cipherlist_bin', 'str', (hello) => hello.ciphers),
  list('ssl_fc_cipherlist_hex', 'bin', (hello) => hello.ciphers, hexadecimal),
  row('ssl_fc_cipherlist_xxh', 'sint', ({ hello }) => hello?.ciphersHash),
  { ...list('ssl_fc_ecformats_bin', 'str', (hello) => hello.pointFormats), args: '' },
  list('ssl_fc_eclist_bin', 'str', (hello) => hello.groups),
  list('ssl_fc_extlist_bin', 'str', (hello) => hello.extensions),
  row('ssl_fc_protocol_hello_id', 'sint', ({ hello }) => hello?.version),
  list('ssl_fc_sigalgs_bin', 'bin', (hello) => hello.signatureAlgorithms),
  list('ssl_fc_supported_versions_bin', 'bin', (hello) => hello.versions),
];

const clientRows: readonly FetchRow[] = [
  ...certificateFetches('ssl_c', 'clientConnection', (ctx) => ctx.tls?.peerCertificate),
  row('ssl_c_ca_err', 'sint', (tls) => tls.authorityError),
  row('ssl_c_ca_err_depth', 'sint', (tls) => tls.authorityErrorDepth),
  bytes('ssl_c_chain_der', (tls) =>
    tls.peerChain
      .slice(1)
      .map(({ der }) => der)
      .join(''),
  ),
  row('ssl_c_err', 'sint', (tls) => tls.certificateError),
  nameFetch('ssl_c_r_dn', 'clientConnection', (ctx) => ctx.tls?.peerChain.at(-1)?.issuer),
  text('ssl_c_san', (tls) => tls.peerCertificate?.alternativeNames ?? ''),
  flag('ssl_c_used', (tls) => tls.certificateUsed),
  row('ssl_c_verify', 'sint', (tls) => tls.verifyResult),
];

export const tlsFetches: readonly FetchRow[] = [
  ...connectionRows,
  ...helloRows,
  ...clientRows,
  ...certificateFetches('ssl_f', 'clientConnection', (ctx) => ctx.tls?.certificate),
];
