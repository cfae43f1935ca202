import { partsOf } from '../../change/rows/certificates/content.ts';
import type { CertificateContent } from '../../config/certificates.ts';
import {
  CertificateError,
  mismatch,
  readIssuer,
  readKey,
  readPem,
  readSctl,
} from '../../model/certificates/content.ts';
import { certificateUses } from '../../model/certificates/make-views.ts';
import { readOcspResponse } from '../../model/certificates/ocsp.ts';
import { sharedBytes, textOf } from '../../model/certificates/shared-bytes.ts';
import type { StoredCertificate } from '../../model/certificates/store.ts';
import { type Answer, dump, error, Severity } from '../answer.ts';
import { apply } from '../apply.ts';
import { storedLines } from '../certificates/details.ts';
import { ocspLines } from '../certificates/ocsp-text.ts';
import { hasLevel } from '../levels.ts';
import type { Call, Command } from '../registry.ts';

const EXPECTS = 'expects a filename';
const NOT_SHOWN = "Can't display the certificate: Not found or the certificate is a bundle!";
/** What HAProxy says instead of `Permission denied`. */
const TOO_LOW = "Can't allocate memory!";

const notice = (text: string): Answer => ({ kind: 'message', severity: Severity.notice, text });

function newCert(call: Call): Answer | Promise<Answer> {
  const [path] = call.args;
  return path ? apply(call, { kind: 'cert.new', path, pem: null }) : error(`'new ssl cert' ${EXPECTS}`);
}

/** Behind the name of a certificate: the response that is stapled to it. */
const OCSP = '.ocsp';

/** Parts of a certificate that are set by its name with an extension. */
const EXTENSIONS = ['key', 'ocsp', 'issuer', 'sctl'] as const;
type Part = (typeof EXTENSIONS)[number] | 'pem';

/** The certificate and the part of it that a name means. */
function partOf(name: string, { control }: Call): { readonly path: string; readonly part: Part } {
  const part = EXTENSIONS.find((extension) => name.endsWith(`.${extension}`));
  if (part === undefined) return { path: name, part: 'pem' };
  const path = name.slice(0, -part.length - 1);
  const { certificates, config } = control.model;
  const withExtension = config.global.tls.extraWithoutExtension && certificates.certificate(path) === null;
  return { path: withExtension ? `${path}.crt` : path, part };
}

/** `set ssl cert`: stages a PEM text, or a part beside it; nothing of it is in force before `commit`. */
function setCert(call: Call): Answer {
  const [name] = call.args;
  if (!name || call.payload === null) return error("'set ssl cert' expects a filename and a certificate as a payload");
  const { path, part } = partOf(name, call);
  const { certificates } = call.control.model;
  const { pending } = certificates;
  const refuse = (text: string) => error(`${text}\nCan't update ${name}!`);
  if (pending.certificate !== null && pending.certificate.path !== path)
    return refuse(`The ongoing transaction is about '${pending.certificate.path}' but you are trying to set '${path}'`);
  const stored = certificates.certificate(path);
  if (stored === null) return refuse("Can't replace a certificate which is not referenced by the configuration!");
  const before = pending.certificate?.content ?? stored.content;
  try {
    const content = withPart(before, part, call.payload, stored.path);
    const created = pending.certificate === null;
    pending.certificate = { path: stored.path, content };
    return notice(`Transaction ${created ? 'created' : 'updated'} for certificate ${stored.path}!`);
  } catch (problem) {
    if (problem instanceof CertificateError) return refuse(`${problem.message}.\nCan't load the payload`);
    throw problem;
  }
}

/** Throws CertificateError. */
function withPart(before: CertificateContent | null, part: Part, payload: string, path: string): CertificateContent {
  if (part === 'pem') return readPem(payload, path, encrypted);
  if (before === null)
    throw new CertificateError(`'${path}' has no certificate yet: set that before what is beside it`);
  if (part === 'key') return { ...before, key: readKey(payload, path, encrypted) };
  if (part === 'issuer') return { ...before, issuer: readIssuer(payload, path) };
  const text = payload.replace(/[\r\n]/g, '');
  if (part === 'sctl') return { ...before, sctl: readSctl(Buffer.from(payload, 'latin1'), path) };
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new CertificateError('Error reading OCSP response in base64 format');
  return { ...before, ocsp: sharedBytes(Buffer.from(text, 'base64')) };
}

/** What is set live is kept in files as it is in force: nobody's key gets there in the clear without being asked for. */
function encrypted(_: string, path: string): never {
  throw new CertificateError(`the private key for '${path}' is encrypted: decrypt it ('openssl pkey')`);
}

/** `commit ssl cert`: one Change with all that was staged; refused, the old certificate is still served. */
async function commitCert(call: Call): Promise<Answer> {
  const [path] = call.args;
  if (!path) return error(`'commit ssl cert' ${EXPECTS}`);
  const { certificates } = call.control.model;
  const { pending } = certificates;
  const refuse = (text: string) => error(`${text}\nCan't commit ${path}!`);
  if (pending.certificate === null) return refuse('No ongoing transaction! !');
  if (pending.certificate.path !== path)
    return refuse(`The ongoing transaction is about '${pending.certificate.path}' but you are trying to set '${path}'`);
  const { content } = pending.certificate;
  const clash = content.key === null ? null : mismatch(content, path);
  if (clash !== null) return refuse(`${clash}.`);
  const uses = certificateUses(certificates, path);
  const answer = await apply(call, { kind: 'cert.set', path, ...partsOf(content) });
  const failed = answer.kind === 'message' && answer.severity <= Severity.error;
  if (call.session.transaction && failed) return answer;
  pending.certificate = null;
  if (call.session.transaction) return answer;
  const text = answer.kind === 'message' ? answer.text : '';
  return dump(`Committing ${path}${failed ? '' : '.'.repeat(uses)}\n${failed ? `${text}\nFailed!` : 'Success!'}\n`);
}

function abortCert({ args: [path], control }: Call): Answer {
  if (!path) return error(`'abort ssl cert' ${EXPECTS}`);
  const { pending } = control.model.certificates;
  if (pending.certificate === null) return error('No ongoing transaction!');
  if (pending.certificate.path !== path)
    return error(
      `The ongoing transaction is about '${pending.certificate.path}' but you are trying to abort a transaction for '${path}'`,
    );
  pending.certificate = null;
  return notice(`Transaction aborted for certificate '${path}'!`);
}

async function delCert(call: Call): Promise<Answer> {
  const [path] = call.args;
  if (!path) return error("'del ssl cert' expects a certificate name");
  const answer = await apply(call, { kind: 'cert.del', path });
  if (answer.kind !== 'message' || answer.severity > Severity.error) return answer;
  return error(`Can't remove the certificate: ${answer.text}`);
}

function updatesOf({ ocspUpdate }: StoredCertificate, { control }: Call): boolean {
  return ocspUpdate ?? control.model.config.global.tls.ocspUpdate.mode;
}

function showCert(call: Call): Answer {
  if (!hasLevel(call.session.level, 'operator')) return error(TOO_LOW);
  const { certificates } = call.control.model;
  const [name] = call.args;
  if (!name) return dump(listing(call));
  const isPending = name.startsWith('*');
  const path = isPending ? name.slice(1) : name;
  const find = (file: string): StoredCertificate | null => {
    const stored = certificates.certificate(file);
    const { certificate } = certificates.pending;
    if (stored === null || !isPending) return stored;
    return certificate?.path === file ? { ...stored, content: certificate.content } : null;
  };
  const stored = find(path);
  if (stored !== null) return dump(storedLines(certificates, stored, updatesOf(stored, call), isPending));
  const response = path.endsWith(OCSP) ? (find(path.slice(0, -OCSP.length))?.content?.ocsp ?? null) : null;
  return response === null ? error(NOT_SHOWN) : dump(ocspLines(readOcspResponse(Buffer.from(response))));
}

function* listing({ control }: Call): Generator<string> {
  const { certificates, pending } = control.model.certificates;
  if (pending.certificate !== null) yield `# transaction\n*${pending.certificate.path}\n`;
  yield '# filename\n';
  for (const path of [...certificates.keys()].sort()) yield `${path}\n`;
}

/** `dump ssl cert`: the only command that shows a private key; who may replace it may see it. */
function dumpCert({ args: [path], session, control }: Call): Answer {
  if (!hasLevel(session.level, 'admin')) return error(TOO_LOW);
  const content = control.model.certificates.certificate(path ?? '')?.content ?? null;
  if (content === null) return error(NOT_SHOWN);
  return dump([content.key === null ? '' : textOf(content.key), textOf(content.chain)]);
}

function* jwtListing({ control }: Call): Generator<string> {
  yield '# filename\n';
  for (const { path, jwt } of control.model.certificates.certificates.values()) if (jwt) yield `${path}\n`;
}

function setJwt(call: Call, allowed: boolean): Answer | Promise<Answer> {
  if (!hasLevel(call.session.level, 'admin')) return error(TOO_LOW);
  const [path] = call.args;
  return path
    ? apply(call, { kind: 'cert.jwt', path, allowed })
    : error(`'${allowed ? 'add' : 'del'} ssl jwt' ${EXPECTS}`);
}

function showJwt(call: Call): Answer {
  return hasLevel(call.session.level, 'operator') ? dump(jwtListing(call)) : error(TOO_LOW);
}

const row = { level: 'admin', where: 'worker' } as const;
/** Levels that the commands look at themselves, because they answer in their own words. */
const open = { level: 'user', where: 'worker' } as const;

/** Certificates with their keys. */
export const certificateCommands: readonly Command[] = [
  {
    ...open,
    ...{ words: 'show ssl cert', args: '[[*]<certfile>]' },
    help: 'display the SSL certificates used in memory, or the details of a file',
    about: 'From level operator. With `*` in front: as it was staged by `set ssl cert`.',
    run: showCert,
  },
  {
    ...row,
    ...{ words: 'new ssl cert', args: '<certfile>' },
    help: 'create a new certificate file to be used in a crt-list or a directory',
    changes: true,
    run: newCert,
  },
  {
    ...row,
    ...{ words: 'set ssl cert', args: '<certfile> <payload>' },
    help: 'replace a certificate file',
    about:
      'Stages a PEM text, or with the extension `.key`, `.ocsp`, `.issuer` or `.sctl` a part beside it, until `commit ssl cert` or `abort ssl cert`.',
    run: setCert,
  },
  {
    ...row,
    ...{ words: 'commit ssl cert', args: '<certfile>' },
    help: 'commit a certificate file',
    about: 'New handshakes have it when this is answered; open connections go on with what they have.',
    changes: true,
    run: commitCert,
  },
  {
    ...row,
    ...{ words: 'abort ssl cert', args: '<certfile>' },
    help: 'abort a transaction for a certificate file',
    run: abortCert,
  },
  {
    ...row,
    ...{ words: 'del ssl cert', args: '<certfile>' },
    help: 'delete an unused certificate file',
    changes: true,
    run: delCert,
  },
  {
    ...open,
    ...{ words: 'dump ssl cert', args: '<certfile>' },
    help: 'dump the SSL certificates in PEM format',
    about: 'From level admin. Key, certificate and chain.',
    run: dumpCert,
  },
  {
    ...open,
    ...{ words: 'show ssl jwt', args: '' },
    help: 'display the list of certificates usable for JWT validation',
    about: 'From level operator.',
    run: showJwt,
  },
  {
    ...open,
    ...{ words: 'add ssl jwt', args: '<certfile>' },
    help: 'add a certificate to the list of certificates usable for JWT validation',
    about: 'From level admin.',
    changes: true,
    run: (call) => setJwt(call, true),
  },
  {
    ...open,
    ...{ words: 'del ssl jwt', args: '<certfile>' },
    help: 'remove a certificate from the list of certificates usable for JWT validation',
    about: 'From level admin.',
    changes: true,
    run: (call) => setJwt(call, false),
  },
];
