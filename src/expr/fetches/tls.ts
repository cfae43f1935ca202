/** TLS of connections to clients and to servers (HAProxy manual, section 7.3.4). */

import type { Arg } from '../args.ts';
import { demanding } from '../demands.ts';
import type { FetchRow } from '../row.ts';
import type { ValueType } from '../sample.ts';
import type { ExprContext, HelloFacts } from '../types.ts';
import { certificateFetches, nameFetch } from './certificates.ts';
import { cipherNames } from './cipher-names.ts';
import { clientChainDer, serverChainDer, sessionFetches, sessionRows } from './tls-session.ts';

const client = sessionRows('clientConnection', (ctx) => ctx.tls);
const server = sessionRows('serverConnection', (ctx) => ctx.serverTls);
const { row, text, bytes, flag } = client;

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

const connectionRows: readonly FetchRow[] = [
  ...sessionFetches('ssl_fc', client),
  // The client's hello is read in any case.
  bytes('ssl_fc_client_random', (tls) => tls.clientRandom),
  text('ssl_fc_crtname', (tls) => tls.certificateName),
  row('ssl_fc_has_crt', 'bool', (tls) => tls.certificateUsed && !tls.resumed),
  flag('ssl_fc_has_sni', (tls) => tls.sni !== ''),
  // Early data is not taken.
  row('ssl_fc_early_rcvd', 'bool', () => false),
  {
    name: 'ssl_fc_has_early',
    args: '',
    type: 'bool',
    source: 'clientConnection',
    compile:
      () =>
      ({ tls }) =>
        tls == null ? undefined : false,
  },
];

const helloRows: readonly FetchRow[] = [
  list('ssl_fc_cipherlist_bin', 'str', (hello) => hello.ciphers),
  list('ssl_fc_cipherlist_str', 'str', (hello) => hello.ciphers, cipherNames),
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
  bytes('ssl_c_chain_der', clientChainDer),
  row('ssl_c_err', 'sint', (tls) => tls.certificateError),
  nameFetch('ssl_c_r_dn', 'clientConnection', (ctx) => ctx.tls?.peerChain.at(-1)?.issuer),
  text('ssl_c_san', (tls) => tls.peerCertificate?.alternativeNames ?? ''),
  row('ssl_c_used', 'bool', (tls) => tls.certificateUsed),
  row('ssl_c_verify', 'sint', (tls) => tls.verifyResult),
];

const serverRows: readonly FetchRow[] = [
  ...sessionFetches('ssl_bc', server),
  demanding(
    server.bytes('ssl_bc_client_random', (tls) => tls.clientRandom),
    'hellos',
  ),
  // HAProxy allows them where it allows what the client's connection tells.
  ...certificateFetches('ssl_s', 'clientConnection', (ctx) => ctx.serverTls?.peerCertificate),
  { ...server.bytes('ssl_s_chain_der', serverChainDer), source: 'clientConnection' },
];

export const tlsFetches: readonly FetchRow[] = [
  ...connectionRows,
  ...helloRows,
  ...clientRows,
  ...serverRows,
  ...certificateFetches('ssl_f', 'clientConnection', (ctx) => ctx.tls?.certificate),
];
