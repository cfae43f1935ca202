import type { ChangeOf } from '../../change.ts';
import { readOwnPem } from '../cert-file.ts';
import { list } from '../find.ts';
import type { Live } from '../live.ts';
import { payloadLimit } from '../patterns.ts';
import { blocksOnly, fingerprint, readPem, subject } from '../pem.ts';
import { plain } from '../plain.ts';
import { CONTENT, EVERYWHERE, type RemoteRow } from '../row.ts';
import { atLeast } from '../version.ts';
import type { Command, Wire, WireAnswer } from '../wire.ts';

const ABSENT = '(absent)';
const EMPTY = '(empty)';
const DAY_MS = 86_400_000;

/** `set ssl cert`, `commit ssl cert`: other certificate and key under the same name, for new connections. */
export const certSet: RemoteRow<ChangeOf<'cert.set'>> = {
  ...EVERYWHERE,
  async problem({ path, pem }, live) {
    const { files } = await store(live);
    if (!files.includes(path)) return `there is no certificate '${path}'; there are ${list(files)}`;
    return (await pending(live)) ?? badPem(plain(pem), live);
  },
  warnings: async ({ path, pem }, live) => [
    ...aboutPem(plain(pem)),
    ...((await oldPem(path, live)) === null ? [NOT_BACK] : []),
  ],
  read: ({ path }, live) => told(path, live),
  after: async ({ pem }) => summary(plain(pem)),
  commands: async ({ path, pem }) => filling(path, plain(pem)),
  run: ({ path, pem }, _live, wire) => fill(path, plain(pem), wire),
  async inverse(change, live) {
    const pem = await oldPem(change.path, live);
    return pem === null ? null : { ...change, pem };
  },
  durable: async ({ path, pem }) => ({
    ...{ object: path, attribute: CONTENT, file: '' },
    make: (file) => ({ kind: file === ABSENT ? 'cert.new' : 'cert.set', path, pem }),
  }),
};

/** `new ssl cert`, and filled when there is something to fill it with. */
export const certNew: RemoteRow<ChangeOf<'cert.new'>> = {
  ...EVERYWHERE,
  async problem({ path, pem }, live) {
    if ((await store(live)).files.includes(path)) return `there is a certificate '${path}' already: set it`;
    const content = plain(pem);
    return content === null ? null : ((await pending(live)) ?? badPem(content, live));
  },
  warnings: async ({ pem }) => (pem === null ? [] : aboutPem(plain(pem) as string)),
  read: ({ path }, live) => told(path, live),
  after: async ({ pem }) => (pem === null ? EMPTY : summary(plain(pem) as string)),
  async commands({ path, pem }) {
    const content = plain(pem);
    return [{ words: ['new', 'ssl', 'cert', path] }, ...(content === null ? [] : filling(path, content))];
  },
  async run({ path, pem }, _live, wire) {
    const made = await wire.ask({ words: ['new', 'ssl', 'cert', path] });
    const content = plain(pem);
    if (!made.text.startsWith('New empty certificate store') || content === null) return made;
    const filled = await fill(path, content, wire);
    if (filled.text !== '') await wire.ask({ words: ['del', 'ssl', 'cert', path] });
    return filled;
  },
  says: /^New empty certificate store|Success!\s*$/,
  inverse: async ({ path }) => ({ kind: 'cert.del', path }),
  durable: async ({ path }) => ({ object: path, attribute: CONTENT, file: '' }),
};

/** `del ssl cert`: one that nothing uses. */
export const certDel: RemoteRow<ChangeOf<'cert.del'>> = {
  ...EVERYWHERE,
  async problem({ path }, live) {
    const { files } = await store(live);
    if (!files.includes(path)) return `there is no certificate '${path}'; there are ${list(files)}`;
    return (await fact(path, 'Status', live)) === 'Used'
      ? `certificate '${path}' is in use: take it out of its crt-list first`
      : null;
  },
  warnings: async ({ path }, live) => ((await oldPem(path, live)) === null ? [NOT_BACK] : []),
  read: ({ path }, live) => told(path, live),
  after: async () => ABSENT,
  commands: async ({ path }) => [{ words: ['del', 'ssl', 'cert', path] }],
  says: /^Certificate '.*' deleted!$/,
  async inverse({ path }, live) {
    if ((await told(path, live)) === EMPTY) return { kind: 'cert.new', path, pem: null };
    const pem = await oldPem(path, live);
    return pem === null ? null : { kind: 'cert.new', path, pem };
  },
  durable: async ({ path }) => ({ object: path, attribute: CONTENT, file: '' }),
};

const NOT_BACK =
  'the certificate in force can be read neither from its file here nor from HAProxy (3.1 and later): this cannot be taken back';

const DONE = /Success!\s*$/;

/** `set` stages, `commit` checks and switches; a refused commit is aborted, so that nothing stays pending. */
async function fill(path: string, pem: string, wire: Wire): Promise<WireAnswer> {
  const [set, commit] = filling(path, pem);
  const staged = await wire.ask(set!);
  if (!/^Transaction (created|updated) for certificate/.test(staged.text))
    return { severity: 3, text: staged.text || `no word came of 'set ssl cert'` };
  const answer = await wire.ask(commit!);
  if (DONE.test(answer.text)) return { severity: answer.severity, text: '' };
  await wire.ask({ words: ['abort', 'ssl', 'cert', path] });
  return { severity: 3, text: answer.text || `no word came of 'commit ssl cert'` };
}

function filling(path: string, pem: string): Command[] {
  return [
    { words: ['set', 'ssl', 'cert', path], payload: blocksOnly(pem), secret: true },
    { words: ['commit', 'ssl', 'cert', path] },
  ];
}

async function store(live: Live): Promise<{ files: string[]; transaction: string | null }> {
  const lines = (await live.ask('show', 'ssl', 'cert')).text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const transaction = lines.find((line) => line.startsWith('*'));
  return { files: lines.filter((line) => !line.startsWith('*')), transaction: transaction?.slice(1) ?? null };
}

async function pending(live: Live): Promise<string | null> {
  const { transaction } = await store(live);
  return transaction === null
    ? null
    : `another change of a certificate is pending, of '${transaction}': commit it, or abort it with 'abort ssl cert ${transaction}'`;
}

function badPem(pem: string, live: Live): string | null {
  try {
    if (!readPem(pem).hasKey) return 'the PEM text has no private key: HAProxy wants it together with the certificate';
  } catch (error) {
    return (error as Error).message;
  }
  const most = payloadLimit(live.version);
  const size = blocksOnly(pem).length;
  return size > most
    ? `the PEM text of ${size} bytes is longer than HAProxy ${live.version.text} takes on its socket (${most})`
    : null;
}

function aboutPem(pem: string): string[] {
  const { leaf } = readPem(pem);
  const found: string[] = [];
  const left = Date.parse(leaf.validTo) - Date.now();
  if (left < 0) found.push(`the certificate ${subject(leaf)} has expired: ${leaf.validTo}`);
  else if (left < 14 * DAY_MS) found.push(`the certificate ${subject(leaf)} expires soon: ${leaf.validTo}`);
  if (Date.parse(leaf.validFrom) > Date.now())
    found.push(`the certificate ${subject(leaf)} is not valid before ${leaf.validFrom}`);
  return found;
}

function summary(pem: string): string {
  const { leaf } = readPem(pem);
  return `sha1 ${fingerprint(leaf)}`;
}

async function told(path: string, live: Live): Promise<string> {
  const { files } = await store(live);
  if (!files.includes(path)) return ABSENT;
  const sha1 = await fact(path, 'SHA1 FingerPrint', live);
  return sha1 === '' ? EMPTY : `sha1 ${sha1}`;
}

/** A line of `show ssl cert <path>`. */
async function fact(path: string, name: string, live: Live): Promise<string> {
  const { text } = await live.ask('show', 'ssl', 'cert', path);
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}: `));
  return line?.slice(name.length + 2).trim() ?? '';
}

/** Certificate, chain and key that are in force, from HAProxy itself or from the file of that name here; null when neither gives them. */
async function oldPem(path: string, live: Live): Promise<string | null> {
  const sha1 = await fact(path, 'SHA1 FingerPrint', live);
  if (sha1 === '') return null;
  const dumped =
    atLeast(live.version, '3.1') && live.level === 'admin' ? (await live.ask('dump', 'ssl', 'cert', path)).text : null;
  for (const candidate of [dumped, await readOwnPem(path)]) {
    if (candidate === null) continue;
    try {
      const pem = readPem(candidate);
      if (pem.hasKey && fingerprint(pem.leaf) === sha1) return blocksOnly(candidate);
    } catch {
      // The file of that name here is something else: it does not help.
    }
  }
  return null;
}
