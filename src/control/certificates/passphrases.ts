import { createPrivateKey } from 'node:crypto';
import { CertificateError } from '../../model/certificates/content.ts';
import { systemReason } from './sources.ts';

/** How long the command may take, ms: nothing else is done by the control thread meanwhile. */
const TIMEOUT_MS = 5000;

/** No passphrase is longer, bytes: OpenSSL takes no more. */
const LONGEST = 1024;

/** Gives an encrypted key in the clear; `file` is where it stands. Throws CertificateError. */
export type KeyOpener = (pem: string, file: string) => string;

/**
 * Opens encrypted keys with what a command prints (`ssl-passphrase-cmd`): its words, and behind them the file of the key. What it has printed
 * is tried on the keys that follow before it is asked again; a command that fails is not asked again. Nothing of what it prints is told.
 */
export function keyOpener([program, ...args]: readonly string[], timeoutMs = TIMEOUT_MS): KeyOpener {
  const passphrases: Buffer[] = [];
  let failure: string | null = null;
  return (pem, file) => {
    const bad = (what: string) => new CertificateError(`the private key in '${file}' is encrypted, and ${what}`);
    const known = opened(pem, passphrases);
    if (known !== null) return known;
    if (failure !== null) throw bad(failure);
    const printed = ask(program!, [...args, file], timeoutMs);
    if (typeof printed === 'string') {
      failure = printed;
      throw bad(printed);
    }
    // Without the line end, which echo(1) prints and few passphrases have.
    const found = [printed, withoutLineEnd(printed)];
    const text = opened(pem, found);
    if (text === null) throw bad(`what 'ssl-passphrase-cmd' printed does not open it`);
    passphrases.push(...found);
    return text;
  };
}

/** What the command prints, or why it is no passphrase. */
function ask(program: string, args: readonly string[], timeoutMs: number): Buffer | string {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { error, status, signal, stdout } = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: LONGEST + 2,
  });
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ETIMEDOUT') return `'ssl-passphrase-cmd' printed no passphrase within ${timeoutMs / 1000} s`;
  if (code === 'ENOBUFS')
    return `'ssl-passphrase-cmd' printed more than the ${LONGEST} bytes that a passphrase may have`;
  if (error !== undefined) return `'ssl-passphrase-cmd' cannot be run: '${program}': ${systemReason(error)}`;
  if (signal !== null) return `'ssl-passphrase-cmd' was ended by ${signal}`;
  if (status !== 0) return `'ssl-passphrase-cmd' ended with status ${status}`;
  return withoutLineEnd(stdout).length === 0 ? "'ssl-passphrase-cmd' printed nothing" : stdout;
}

/** The key in the clear, when one of the passphrases is its own. */
function opened(pem: string, passphrases: readonly Buffer[]): string | null {
  for (const passphrase of passphrases)
    try {
      if (passphrase.length <= LONGEST)
        return createPrivateKey({ key: pem, passphrase }).export({ format: 'pem', type: 'pkcs8' }) as string;
    } catch {
      // Another one's.
    }
  return null;
}

function withoutLineEnd(printed: Buffer): Buffer {
  const end = printed.at(-1) !== 0x0a ? printed.length : printed.length - (printed.at(-2) === 0x0d ? 2 : 1);
  return printed.subarray(0, end);
}
