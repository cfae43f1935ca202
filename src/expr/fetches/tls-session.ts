/** What TLS sessions of either side tell (HAProxy manual, section 7.3.4: `ssl_fc_*`, `ssl_bc_*`). */

import { demanding } from '../demands.ts';
import type { FetchRow, Source } from '../row.ts';
import type { ValueType } from '../sample.ts';
import type { ExprContext, SampleValue, TlsFacts } from '../types.ts';

/** How to get at a session; nothing on clear connections. */
type Session<T extends TlsFacts> = (ctx: ExprContext) => T | null | undefined;

/** Rows of the facts of a session. */
export interface SessionRows<T extends TlsFacts> {
  /** A fact; nothing on clear connections. */
  row(name: string, type: ValueType, read: (tls: T) => SampleValue | undefined): FetchRow;
  /** Texts that may be unknown. */
  text(name: string, read: (tls: T) => string): FetchRow;
  bytes(name: string, read: (tls: T) => string): FetchRow;
  /** A question that clear connections answer with no. */
  flag(name: string, read: (tls: T) => boolean): FetchRow;
}

export function sessionRows<T extends TlsFacts>(source: Source, session: Session<T>): SessionRows<T> {
  const row: SessionRows<T>['row'] = (name, type, read) => {
    const evaluate = (ctx: ExprContext) => {
      const tls = session(ctx);
      return tls == null ? undefined : read(tls);
    };
    return { name, args: '', type, source, compile: () => evaluate };
  };
  return {
    row,
    text: (name, read) => row(name, 'str', (tls) => read(tls) || undefined),
    bytes: (name, read) => row(name, 'bin', (tls) => read(tls) || undefined),
    flag(name, read) {
      const evaluate = (ctx: ExprContext) => {
        const tls = session(ctx);
        return tls != null && read(tls);
      };
      return { name, args: '', type: 'bool', source, compile: () => evaluate };
    },
  };
}

/** Bits of a cipher suite: of its algorithm, and those that protect. */
function keySize(cipher: string, protecting: boolean): number | undefined {
  if (/AES_?256|CHACHA20|CAMELLIA256|ARIA256/.test(cipher)) return 256;
  if (/AES_?128|CAMELLIA128|ARIA128|SEED|IDEA/.test(cipher)) return 128;
  return /DES-CBC3|3DES/.test(cipher) ? (protecting ? 112 : 168) : undefined;
}

/** Names of secrets in NSS's key log, by the ends of their fetches. */
const SECRETS: readonly (readonly [string, string])[] = [
  ['client_early_traffic_secret', 'CLIENT_EARLY_TRAFFIC_SECRET'],
  ['client_handshake_traffic_secret', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'],
  ['client_traffic_secret_0', 'CLIENT_TRAFFIC_SECRET_0'],
  ['early_exporter_secret', 'EARLY_EXPORTER_SECRET'],
  ['exporter_secret', 'EXPORTER_SECRET'],
  ['server_handshake_traffic_secret', 'SERVER_HANDSHAKE_TRAFFIC_SECRET'],
  ['server_traffic_secret_0', 'SERVER_TRAFFIC_SECRET_0'],
];

/** The rows that both sides have; their names begin with `prefix` (`ssl_fc`). */
export function sessionFetches<T extends TlsFacts>(
  prefix: string,
  { row, text, bytes, flag }: SessionRows<T>,
): FetchRow[] {
  return [
    flag(prefix, () => true),
    row(`${prefix}_alg_keysize`, 'sint', (tls) => keySize(tls.cipher, false)),
    row(`${prefix}_use_keysize`, 'sint', (tls) => keySize(tls.cipher, true)),
    text(`${prefix}_alpn`, (tls) => tls.alpn),
    text(`${prefix}_curve`, (tls) => tls.curve),
    demanding(
      bytes(`${prefix}_server_random`, (tls) => tls.serverRandom),
      'hellos',
    ),
    text(`${prefix}_cipher`, (tls) => tls.cipher.replace(/^-$/, '')),
    text(`${prefix}_protocol`, (tls) => tls.protocol.replace(/^-$/, '')),
    row(`${prefix}_err`, 'sint', (tls) => tls.error),
    text(`${prefix}_err_str`, (tls) => tls.errorText),
    flag(`${prefix}_is_resumed`, (tls) => tls.resumed),
    bytes(`${prefix}_session_id`, (tls) => tls.sessionId),
    bytes(`${prefix}_session_key`, (tls) => tls.sessionKey),
    text(`${prefix}_sni`, (tls) => tls.sni),
    bytes(`${prefix}_unique_id`, (tls) => tls.uniqueId),
    // NPN is not spoken.
    text(`${prefix}_npn`, () => ''),
    // Of either side, HAProxy allows these where it allows what the client's connection tells.
    ...SECRETS.map(([name, label]) => ({
      ...text(`${prefix}_${name}`, (tls) => tls.secret(label)),
      source: 'clientConnection' as const,
    })),
  ];
}

/** What a client sent after its certificate, one after the other (`ssl_c_chain_der`). */
export function clientChainDer({ peerChain }: TlsFacts): string {
  return joined(peerChain.slice(1));
}

/** What a server sent, its certificate first (`ssl_s_chain_der`). */
export function serverChainDer({ peerChain }: TlsFacts): string {
  return joined(peerChain);
}

function joined(chain: TlsFacts['peerChain']): string {
  return chain.map(({ der }) => der).join('');
}
