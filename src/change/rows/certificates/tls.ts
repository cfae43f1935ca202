import { createHash } from 'node:crypto';
import { setContent, setTicketKeys } from '../../../model/certificates/edits.ts';
import { certIdOfContent, OcspError, type OcspResponse, readOcspResponse } from '../../../model/certificates/ocsp.ts';
import { staleness } from '../../../model/certificates/ocsp-check.ts';
import { sharedBytes } from '../../../model/certificates/shared-bytes.ts';
import type { StoredCertificate, StoredTicketKeys } from '../../../model/certificates/store.ts';
import type { Model } from '../../../model/model.ts';
import type { ChangeOf } from '../../change.ts';
import { type ChangeContext, done, type Problem, problem, type Row } from '../../context.ts';

type OcspSet = ChangeOf<'ocsp.set'>;
type TicketKeySet = ChangeOf<'ticket-key.set'>;

const digest = (bytes: Uint8Array | null) =>
  bytes === null ? '(none)' : `sha256 ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;

/** The response of a Change and the certificates that it is about, or why it cannot be taken. */
function read(
  { response }: OcspSet,
  { model, states }: ChangeContext,
): { readonly bytes: Buffer; readonly about: readonly StoredCertificate[] } | Problem {
  const bytes = Buffer.from(response, 'base64');
  let said: OcspResponse;
  try {
    said = readOcspResponse(bytes);
  } catch (error) {
    if (error instanceof OcspError) return problem(`${error.message}.`);
    throw error;
  }
  const stale = staleness(said, states.now());
  if (stale !== null) return problem(`${stale.replace(/\.$/, '')}.`);
  const about = aboutWhich(said, model);
  return about.length > 0
    ? { bytes, about }
    : problem('OCSP single response: Certificate ID does not match any certificate or issuer.');
}

/** Certificates that an OCSP response is for: those that have one, else those that wait for their first. */
function aboutWhich(said: OcspResponse, model: Model): StoredCertificate[] {
  const about = [...model.certificates.certificates.values()].filter(
    ({ content }) => content !== null && content.ocsp !== null && certIdOfContent(content)?.equals(said.certId),
  );
  return about.length > 0 ? about : waiting(model, said);
}

/** Paths of the certificates that a Change is about; none when its response is none. */
export function certificatesOf({ response }: OcspSet, model: Model): readonly string[] {
  try {
    return aboutWhich(readOcspResponse(Buffer.from(response, 'base64')), model).map(({ path }) => path);
  } catch {
    return [];
  }
}

/** Certificates whose response is fetched by itself, and that have none yet. */
function waiting({ certificates, config }: Model, { certId }: OcspResponse): StoredCertificate[] {
  const { mode } = config.global.tls.ocspUpdate;
  return [...certificates.certificates.values()].filter(
    ({ content, ocspUpdate }) =>
      content !== null && content.ocsp === null && (ocspUpdate ?? mode) && certIdOfContent(content)?.equals(certId),
  );
}

/** `set ssl ocsp-response`: another response for a certificate that has one. Which one it is for stands in the response itself. */
export const ocspSet: Row<OcspSet> = {
  validate(change, ctx) {
    const found = read(change, ctx);
    return 'text' in found ? found : null;
  },
  preview(change, ctx) {
    const { bytes, about } = read(change, ctx) as Exclude<ReturnType<typeof read>, Problem>;
    return { before: digest(about[0]!.content!.ocsp), after: digest(bytes) };
  },
  async apply(change, ctx) {
    const { model, traffic } = ctx;
    const { bytes, about } = read(change, ctx) as Exclude<ReturnType<typeof read>, Problem>;
    const ocsp = sharedBytes(bytes);
    const before = about[0]!.content!.ocsp;
    for (const stored of about)
      await traffic.ask({ kind: 'tls', update: setContent(model.certificates, stored, { ...stored.content!, ocsp }) });
    const inverse =
      before === null ? null : ({ kind: 'ocsp.set', response: Buffer.from(before).toString('base64') } as const);
    return done(inverse, 'OCSP Response updated!');
  },
};

/** The ticket keys of this name, or with this number; null when there are none. Keys made at start have neither. */
export function findTicketKeys({ certificates }: Pick<Model, 'certificates'>, name: string): StoredTicketKeys | null {
  const files = [...certificates.ticketKeys.values()].filter(({ path }) => path !== '');
  const number = /^#(\d{1,6})$/.exec(name)?.[1];
  return (number === undefined ? files.find(({ path }) => path === name) : files[Number(number)]) ?? null;
}

const keyBytes = (key: TicketKeySet['key']): Buffer => Buffer.from(typeof key === 'string' ? key : '', 'base64');

/** `set ssl tls-key`: a new key for session tickets, the oldest goes. */
export const ticketKeySet: Row<TicketKeySet> = {
  validate({ keys, key, oldest, older }, { model }) {
    const found = findTicketKeys(model, keys);
    if (found === null) return problem("'set ssl tls-key' unable to locate referenced filename");
    if (typeof key !== 'string' || key.startsWith('('))
      return problem('the key was kept out of the journal, and this process has not seen it: give it again');
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key) || key.length % 4 !== 0)
      return problem("'set ssl tls-key' received invalid base64 encoded TLS key.");
    const size = found.keys[0]!.length;
    if ([key, ...olderOf(older)].some((one) => keyBytes(one).length !== size))
      return problem("'set ssl tls-key' received a key of wrong size.");
    if (older !== undefined && olderOf(older).length !== found.keys.length - 1)
      return problem(`'${found.path}' takes ${found.keys.length} keys`);
    return oldest !== undefined && !keyBytes(key).equals(found.keys.at(-1)!)
      ? problem(`the newest key of '${found.path}' is another one by now`)
      : null;
  },
  preview({ keys, key, oldest }, { model }) {
    const found = findTicketKeys(model, keys)!;
    const after = oldest === undefined ? keyBytes(key) : found.keys.at(-2)!;
    return { before: digest(found.keys.at(-1)!), after: digest(after) };
  },
  async apply(change, { model, traffic }) {
    const found = findTicketKeys(model, change.keys)!;
    await traffic.ask({
      kind: 'tls',
      update: setTicketKeys(model.certificates, found, keysAfter(change, found.keys)),
    });
    return done(takenBack(change, found), 'TLS ticket key updated!');
  },
};

const olderOf = (older: TicketKeySet['older']): readonly string[] => (Array.isArray(older) ? older : []);

function keysAfter({ key, oldest, older }: TicketKeySet, keys: readonly Uint8Array[]): readonly Uint8Array[] {
  const bytes = (text: TicketKeySet['key']) => Uint8Array.from(keyBytes(text));
  if (older !== undefined) return [...olderOf(older), key].map(bytes);
  return oldest === undefined ? [...keys.slice(1), bytes(key)] : [bytes(oldest), ...keys.slice(0, -1)];
}

function takenBack({ key, oldest, older }: TicketKeySet, { path, keys }: StoredTicketKeys): TicketKeySet {
  if (older !== undefined) return allKeys(path, keys);
  if (oldest !== undefined) return { kind: 'ticket-key.set', keys: path, key };
  return { kind: 'ticket-key.set', keys: path, key, oldest: Buffer.from(keys[0]!).toString('base64') };
}

/** Sets all keys of a file, oldest first. */
export function allKeys(path: string, keys: readonly Uint8Array[]): TicketKeySet {
  const texts = keys.map((key) => Buffer.from(key).toString('base64'));
  return { kind: 'ticket-key.set', keys: path, key: texts.at(-1)!, older: texts.slice(0, -1) };
}
