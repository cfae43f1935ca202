import { type Pem, readPem } from '../../change/remote/pem.ts';
import { OperationError } from '../errors.ts';
import { contentOf } from '../file-content.ts';
import type { CheckStep, Plan, Situation } from '../operation.ts';
import { awaitFingerprint, type Listener, shownFingerprint } from './handshake.ts';
import { covers, type StoredCertificate, storedCertificates } from './in-store.ts';
import { type Fault, faults } from './judge.ts';
import { listenersOf } from './listeners.ts';

/** What is rotated, and how. */
export interface Rotation {
  /** A host name, or a certificate as HAProxy names it. */
  readonly name: string;
  readonly file: string;
  readonly key: string | null;
  readonly listener: string | null;
  /** The fault that is put up with. */
  readonly allow: Fault['kind'] | null;
}

/** Finds the certificates, judges the new one, and finds listeners that prove it. Touches nothing; throws OperationError. */
export async function planRotation(values: Rotation, situation: Situation): Promise<Plan> {
  const { olds, host } = await meant(values.name, situation);
  const text = values.key === null ? contentOf(values.file) : `${contentOf(values.file)}\n${contentOf(values.key)}`;
  const pem = parsed(text, values.file);
  const wrong = olds.flatMap((old) => faults(pem, old, host, Date.now()));
  const first = wrong.find(({ kind }) => kind !== values.allow);
  if (first) throw new OperationError('refused', `${values.file}: ${first.text}; --allow ${first.kind} overrules this`);
  const servername = host ?? nameToAsk(olds[0]!);
  const candidates = values.listener === null ? listenersOf(situation.target.client.pid) : [addressOf(values.listener)];
  const listeners = await showing(candidates, servername, olds);
  const changes = olds.map(({ file }) => ({ kind: 'cert.set', path: file, pem: text }) as const);
  const notes = wrong.map((fault) => `allowed: ${fault.text}`);
  if (listeners.length === 0)
    return {
      steps: [{ do: 'change', changes }],
      notes: [
        ...notes,
        `no listener was found that shows the old certificate for ${servername}: nothing proves the new one; --listener names one`,
      ],
    };
  return { steps: [{ do: 'change', changes }, proof(listeners, servername, pem)], notes };
}

/** The certificates that are meant, and the host name where it is one. */
async function meant(
  name: string,
  { target }: Situation,
): Promise<{ olds: readonly StoredCertificate[]; host: string | null }> {
  const all = await storedCertificates(target.client);
  const byFile = all.filter(({ file }) => file === name || file.endsWith(`/${name}`));
  if (byFile.length === 1) return { olds: byFile, host: null };
  const host = name.toLowerCase();
  const olds = all.filter(({ names, used }) => used && names.some((one) => covers(one, host)));
  if (olds.length > 0) return { olds, host };
  const list = all.map(({ file, names }) => `${file} (${names.join(' ')})`).join(', ') || 'none';
  throw new OperationError(
    'unknown',
    `no certificate in use is for '${name}', and none is named so; there are ${list}`,
  );
}

function parsed(text: string, file: string): Pem {
  try {
    return readPem(text);
  } catch (error) {
    throw new OperationError('refused', `${file}: ${(error as Error).message}`);
  }
}

/** A name to ask a listener for: one without a wildcard. */
function nameToAsk({ names }: StoredCertificate): string {
  return names.find((name) => !name.startsWith('*.')) ?? names[0]?.replace('*', 'www') ?? '';
}

function addressOf(word: string): Listener {
  const [, host, port] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(word) ?? [];
  if (host === undefined || host === '') throw new OperationError('usage', `'${word}' is no listener; write HOST:PORT`);
  return { host, port: Number(port) };
}

/** Those of the addresses that show one of the old certificates for the name. */
async function showing(
  candidates: readonly Listener[],
  servername: string,
  olds: readonly StoredCertificate[],
): Promise<readonly Listener[]> {
  const shown = await Promise.all(candidates.map((listener) => shownFingerprint(listener, servername)));
  return candidates.filter((_, i) => olds.some(({ fingerprint }) => fingerprint === shown[i]));
}

function proof(listeners: readonly Listener[], servername: string, { leaf }: Pem): CheckStep {
  const wanted = leaf.fingerprint.replaceAll(':', '');
  const list = listeners.map(({ host, port }) => `${host}:${port}`).join(', ');
  return {
    do: 'check',
    what: `a handshake for ${servername} on ${list} shows the new certificate`,
    async verdict() {
      const shown = await Promise.all(listeners.map((listener) => awaitFingerprint(listener, servername, wanted)));
      const bad = shown.findIndex((fingerprint) => fingerprint !== wanted);
      if (bad < 0)
        return {
          ok: true,
          text: `${list} show${listeners.length === 1 ? 's' : ''} the new certificate for ${servername}`,
        };
      const { host, port } = listeners[bad]!;
      return {
        ok: false,
        text: `${host}:${port} ${shown[bad] === null ? 'makes no handshake' : 'shows another certificate'} for ${servername}`,
      };
    },
  };
}
