import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

/** An address that TLS may be spoken on. */
export interface Listener {
  readonly host: string;
  readonly port: number;
}

/** Longest handshake, ms. */
const TIMEOUT_MS = 3_000;

/** The SHA-1 (hex, no colons) of the certificate that a listener shows for this name; null when there is no handshake. */
export function shownFingerprint(
  { host, port }: Listener,
  servername: string,
  timeout = TIMEOUT_MS,
): Promise<string | null> {
  return new Promise((resolve) => {
    // Whether it is trusted is not the question: it is compared with what was put there.
    const socket = connect({ host, port, servername, rejectUnauthorized: false });
    const end = (fingerprint: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(fingerprint);
    };
    const timer = setTimeout(() => end(null), timeout);
    socket.once('secureConnect', () => end(socket.getPeerX509Certificate()?.fingerprint.replaceAll(':', '') ?? null));
    socket.once('error', () => end(null));
    socket.once('close', () => end(null));
  });
}

/** Tries and pause between them, ms: what was committed is there for new connections at once, but a full queue may be slow. */
const TRIES = 5;
const PAUSE_MS = 200;

/** Whether a listener shows this certificate for the name: asked a few times. Resolves to what it showed last. */
export async function awaitFingerprint(listener: Listener, servername: string, wanted: string): Promise<string | null> {
  let shown: string | null = null;
  for (let i = 0; i < TRIES; i++) {
    if (i > 0) await sleep(PAUSE_MS);
    shown = await shownFingerprint(listener, servername);
    if (shown === wanted) break;
  }
  return shown;
}
