import { type Pem, readPem } from '../../change/remote/pem.ts';
import { awaitFingerprint, type Listener, shownFingerprint } from '../certificates/handshake.ts';
import { covers, type StoredCertificate, storedCertificates } from '../certificates/in-store.ts';
import { faults } from '../certificates/judge.ts';
import { listenersOf } from '../certificates/listeners.ts';
import { OperationError } from '../errors.ts';
import { contentOf } from '../file-content.ts';
import { choiceKind, textKind } from '../kinds.ts';
import { type CheckStep, changing, type Situation } from '../operation.ts';

const FAULTS = ['key', 'chain', 'names', 'expiry'] as const;

export const rotateCert = changing({
  name: 'rotate-cert',
  group: 'certificates',
  summary: 'put a new certificate in the place of the one in force, and prove it by a handshake',
  parameters: {
    name: {
      kind: textKind('DOMAIN|CERTIFICATE', 'a host name, or a certificate as HAProxy names it'),
      about: 'what is rotated',
    },
    file: { kind: textKind('FILE', 'a PEM file: certificate, chain, key', 'files'), about: 'the new one' },
  },
  options: {
    key: { kind: textKind('FILE', 'a PEM file', 'files'), about: 'the private key, where it is in a file of its own' },
    listener: {
      kind: textKind('HOST:PORT', 'an address'),
      about: 'where the handshake is made; default: where this process listens with the old one',
    },
    allow: { kind: choiceKind(FAULTS), about: 'go on although this is wrong with the new one' },
  },
  danger: 'changes',
  guards: [],
  inverse: 'the certificate of before, where it can be read (its file on this machine, or HAProxy 3.1 and later)',
  about: [
    'With a host name it finds every certificate in memory that is for it, exactly or by a wildcard, and rotates each.',
    'Refused before anything is touched: a key that does not belong to the certificate, a chain that is out of order or not complete, names that the old one has and the new one lacks, a certificate that is not valid now or expires before the old one.',
    'Then it is put in force (new connections get it), and a TLS handshake with the name must show it, on each listener that showed the old one. When one does not, the old certificate comes back (exit status 7).',
    'In memory only: write the file too, or the next restart brings the old one back.',
  ],
  examples: [
    { command: 'rotate-cert www.example.net ./www.example.net.pem --dry-run', about: 'what is found and checked' },
    { command: 'rotate-cert www.example.net ./fullchain.pem --key ./privkey.pem', about: 'as ACME clients leave it' },
  ],
  page: 'certificates.md',
  async plan(values, situation) {
    const { olds, host } = await meant(values.name, situation);
    const text = values.key === null ? contentOf(values.file) : `${contentOf(values.file)}\n${contentOf(values.key)}`;
    const pem = parsed(text, values.file);
    const wrong = olds.flatMap((old) => faults(pem, old, host, Date.now()));
    const first = wrong.find(({ kind }) => kind !== values.allow);
    if (first)
      throw new OperationError('refused', `${values.file}: ${first.text}; --allow ${first.kind} overrules this`);
    const servername = host ?? nameToAsk(olds[0]!);
    const candidates =
      values.listener === null ? listenersOf(situation.target.client.pid) : [addressOf(values.listener)];
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
  },
});

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
