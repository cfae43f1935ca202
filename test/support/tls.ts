import { execFile } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Connection } from './connection.ts';
import { patience, type Scope, within } from './wait.ts';

/** A connection over TLS. */
export interface TlsConnection {
  readonly connection: Connection;
  readonly socket: TLSSocket;
  /** The last session that the other side gave. */
  session(): Buffer | undefined;
}

/** Connects to a port of 127.0.0.1 over TLS, without a look at the other side's certificate; rejects when the handshake fails. */
export async function connectTls(scope: Scope, port: number, options: ConnectionOptions = {}): Promise<TlsConnection> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  let session: Buffer | undefined;
  socket.on('session', (told) => {
    session = told;
  });
  scope.after(() => socket.destroy());
  await within(
    new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed in the handshake')));
    }),
    'a handshake',
  );
  return { connection: new Connection(socket), socket, session: () => session };
}

/** Code of the error that a handshake ends with (`ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION`); '' when it succeeds. */
export async function handshakeError(scope: Scope, port: number, options: ConnectionOptions = {}): Promise<string> {
  try {
    (await connectTls(scope, port, options)).socket.destroy();
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}

/** How long openssl is let wait for what comes behind a handshake (an alert of TLS 1.3, tickets), ms. */
const BEHIND = 50;

/** What `openssl s_client` prints in a connection that is ended after the handshake, and once a session is in the file of `-sess_out`. */
export function sClient(port: number, ...args: string[]): Promise<string> {
  const session = args.includes('-sess_out') ? args[args.indexOf('-sess_out') + 1]! : null;
  if (session !== null) rmSync(session, { force: true });
  return new Promise((resolve) => {
    const child = execFile(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${port}`, ...args],
      { timeout: patience, encoding: 'latin1' },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
    child.stdin?.on('error', () => undefined);
    const end = () => {
      if (session === null || (statSync(session, { throwIfNoEntry: false })?.size ?? 0) > 0) child.stdin?.end();
      else if (child.exitCode === null && child.signalCode === null) setTimeout(end, BEHIND);
    };
    let told = '';
    child.stdout?.on('data', function summary(text: string) {
      told += text;
      if (!/Verify return code: .*\n(.*\n)*?---\n/.test(told)) return;
      child.stdout?.off('data', summary);
      setTimeout(end, BEHIND);
    });
  });
}
