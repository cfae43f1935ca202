import { tlsVersions } from '../../config/tls.ts';
import type { GlobalTlsConfig } from '../../config/types.ts';
import { demands } from '../../expr/demands.ts';
import { C } from '../../model/counters.ts';
import type { ClientHello } from '../../net/client-hello.ts';
import { acceptTls } from '../../net/tls.ts';
import type { Conn, ConnHandler } from '../../net/transport.ts';
import type { ConnClient } from '../conn-client.ts';
import type { Env } from '../env.ts';
import type { TlsAccounts } from './accounts.ts';
import type { BindTls } from './bind-tls.ts';
import { ClientTls, captureHello } from './client-tls.ts';
import type { ServerContext } from './server-context.ts';

/** What the log says of a connection that no session came of, in HAProxy's words. */
export const TLS_MESSAGES = {
  closed: 'Connection closed during SSL handshake',
  timeout: 'Timeout during SSL handshake',
  tooMany: 'Too many SSL connections',
  handshake: 'SSL handshake failure',
  authority: 'SSL client CA chain cannot be verified',
  certificate: 'SSL client certificate not trusted',
} as const;

/** A fatal alert `unrecognized_name` (RFC 6066, section 3) in a record of its own, before anything else is said. */
export const REFUSED_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

/** A client connection whose handshake is under way. */
type Served = ConnClient & ConnHandler;

/** Begins the handshake on a listener with TLS; a message when there is none: no certificate for the name, or too many connections. */
export function serve(client: Served, hello: ClientHello | null, bytes: Buffer): ClientTls | string {
  const { env, listener, conn } = client;
  const { tlsAccounts: accounts, tlsSessions } = env;
  const settings = {
    ...{ bind: listener.tls!, global: env.global.tls, accounts, now: env.now() },
    env: tlsSessions === null ? null : env,
  };
  return answerHello(settings, conn, client, hello, bytes);
}

/** What a hello is answered with. */
export interface HelloSettings {
  readonly bind: BindTls;
  readonly global: GlobalTlsConfig;
  readonly accounts: TlsAccounts;
  /** ms since the epoch. */
  readonly now: number;
  /** Where sessions are kept that clients resume by identifier; null: nowhere. */
  readonly env: Env | null;
}

/** Begins a handshake with whoever has sent `bytes`; a message when there is none. `conn` belongs to the result from now on. */
export function answerHello(
  { bind, global, accounts, now, env }: HelloSettings,
  from: Conn,
  handler: ConnHandler,
  hello: ClientHello | null,
  bytes: Buffer,
): ClientTls | string {
  let context: ServerContext | null;
  try {
    context = hello === null ? bind.any() : bind.choose(hello);
  } catch {
    // A certificate or an option that the library does not take: found when the configuration was read.
    context = null;
  }
  if (context === null) return TLS_MESSAGES.handshake;
  if (!accounts.enter(global.maxConn)) return TLS_MESSAGES.tooMany;
  const alpn = hello === null ? null : bind.protocol(context, hello);
  const { certificate } = context;
  const keeps = hello !== null && needsId(hello, context) ? env : null;
  const ocsp = hello?.wantsOcsp === true && certificate.ocspEnds > now ? certificate.ocsp : null;
  const conn = acceptTls(
    from,
    {
      context: context.native,
      alpn,
      verify: context.options.verify ?? 'none',
      ocsp,
      session: keeps === null ? null : findSession(keeps, hello!, context),
      onSession: keeps === null ? null : keeper(keeps),
      keylog: global.keylog,
      watch: demands.hellos,
      maxRecord: global.hardMaxRecord,
    },
    handler,
  );
  const size = global.captureBufferSize;
  const tls = new ClientTls(conn, context, hello, alpn, size > 0 && hello !== null ? captureHello(hello, size) : null);
  if (global.keylog) tls.keepSecrets();
  if (tls.verifies) conn.onJudge = () => tls.refusedWith();
  context.begins.tls13 = hello !== null && isTls13(hello, context);
  conn.begin(bytes);
  return tls;
}

const TLS_1_3 = 0x0304;
/** Identifiers of sessions, bytes (RFC 5246, section 7.4.1.2). */
const LONGEST_ID = 32;

/** Whether a hello comes to TLS 1.3 on a line with these options. */
function isTls13(hello: ClientHello, { options }: ServerContext): boolean {
  return hello.newestVersion >= TLS_1_3 && tlsVersions(options)?.max === 'TLSv1.3';
}

/** A session can be resumed by its identifier only: the line gives no tickets, or the client takes none up to TLS 1.2. */
function needsId(hello: ClientHello, context: ServerContext): boolean {
  return !context.options.tickets || !(hello.takesTickets || isTls13(hello, context));
}

/** The session that a hello names; the library looks whether it was made with this context's verification. */
function findSession({ tlsSessions, c, now }: Env, hello: ClientHello, context: ServerContext): Buffer | null {
  const id = isTls13(hello, context) ? hello.preSharedKey : hello.sessionId;
  if (id.length === 0 || id.length > LONGEST_ID) return null;
  const found = tlsSessions!.find(id, Math.floor(now() / 1000));
  c[C.sslCacheLookups]!++;
  if (found === null) c[C.sslCacheMisses]!++;
  return found;
}

const keepers = new WeakMap<Env, (id: Buffer, session: Buffer) => void>();

/** Keeps the sessions that are told. */
function keeper(env: Env): (id: Buffer, session: Buffer) => void {
  let keep = keepers.get(env);
  if (keep === undefined) {
    keep = (id, session) =>
      env.tlsSessions!.keep(id, session, Math.floor((env.now() + env.global.tls.lifetime) / 1000));
    keepers.set(env, keep);
  }
  return keep;
}

/** A connection with TLS is gone. */
export function leaveTls(env: Env): void {
  env.tlsAccounts.leave();
}

/** Counts a handshake that succeeded: as a session of its own, or as one that was resumed. */
export function countHandshake({ env, frontend, listener }: ConnClient, tls: ClientTls): void {
  const { resumed } = tls;
  const field = resumed ? C.sslReused : C.sslSessions;
  frontend.c[field]!++;
  if (listener.counted) listener.c[field]!++;
  if (!resumed) env.tlsAccounts.key('client');
}

/** Counts one that failed. */
export function countFailure({ frontend, listener }: ConnClient): void {
  frontend.c[C.sslFailed]!++;
  if (listener.counted) listener.c[C.sslFailed]!++;
}
