import { certIdOfContent, certIdParts, readOcspResponse } from '../../model/certificates/ocsp.ts';
import { opensslDate } from '../../model/certificates/openssl-text.ts';
import type { CertificateStore, StoredCertificate } from '../../model/certificates/store.ts';
import { type Answer, dump, error, Severity } from '../answer.ts';
import { apply } from '../apply.ts';
import { ocspLines } from '../certificates/ocsp-text.ts';
import type { Call, Command } from '../registry.ts';

/** A certificate with a response, or whose response is looked for; and the id of one that was replaced. */
interface Known {
  readonly key: string;
  readonly path: string;
  readonly stored: StoredCertificate | null;
}

function known({ control }: Call): Known[] {
  const { certificates, config } = control.model;
  const { mode } = config.global.tls.ocspUpdate;
  const found: Known[] = [];
  for (const stored of certificates.certificates.values()) {
    const { content, path, ocspUpdate } = stored;
    if (content === null || (content.ocsp === null && !(ocspUpdate ?? mode))) continue;
    const key = certIdOfContent(content)?.toString('hex');
    if (key !== undefined) found.push({ key, path, stored });
  }
  for (const [key, path] of former(certificates))
    if (!found.some((one) => one.key === key)) found.push({ key, path, stored: null });
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

const former = ({ formerOcsp }: CertificateStore) => [...formerOcsp];

function show(call: Call): Answer {
  const [first, second] = call.args;
  if (!first) return dump(listing(known(call)));
  const format = first === 'text' || first === 'base64' ? first : 'text';
  const name = format === first ? second : first;
  if (!name) return error("'show ssl ocsp-response [text|base64]' expects an id");
  const found = known(call).find(({ key, path }) => key === name || path === name);
  if (found === undefined) return error('Certificate ID or path does not match any certificate.');
  const bytes = found.stored?.content?.ocsp ?? null;
  if (bytes === null) return error('No OCSP response is known for this certificate.');
  if (format === 'base64') return dump(`${Buffer.from(bytes).toString('base64')}\n`);
  return dump(ocspLines(readOcspResponse(Buffer.from(bytes))));
}

function* listing(all: readonly Known[]): Generator<string> {
  yield '# Certificate IDs\n';
  for (const { key, path } of all) {
    const { issuerNameHash, issuerKeyHash, serial } = certIdParts(Buffer.from(key, 'hex'));
    yield `Certificate ID key : ${key}\nCertificate path : ${path}\n Certificate ID:\n`;
    yield `   Issuer Name Hash: ${issuerNameHash}\n   Issuer Key Hash: ${issuerKeyHash}\n   Serial Number: ${serial}\n`;
  }
}

function set(call: Call): Answer | Promise<Answer> {
  const given = call.payload ?? call.args[0];
  if (!given) return error("'set ssl ocsp-response' expects response in base64 encoding.");
  const response = given.replace(/[\r\n]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(response) || response.length % 4 !== 0)
    return error("'set ssl ocsp-response' received invalid base64 encoded response.");
  return apply(call, { kind: 'ocsp.set', response });
}

/** `update ssl ocsp-response`: asks the responder, and puts its answer in force. */
async function update(call: Call): Promise<Answer> {
  const [path] = call.args;
  if (!path) return error("'update ssl ocsp-response' expects a filename");
  const refuse = (text: string) => error(`${text}\nCan't send ocsp request for ${path}!`);
  const { control } = call;
  const stored = control.model.certificates.certificate(path);
  if (stored === null)
    return refuse("Unknown certificate! 'update ssl ocsp-response' expects an already known certificate file name.");
  if (!known(call).some((one) => one.stored === stored))
    return refuse("'update ssl ocsp-response' only works on certificates that already have a known OCSP response.");
  try {
    const { response, bytes } = await control.ocsp.fetch(stored);
    const answer = await apply(call, { kind: 'ocsp.set', response: bytes.toString('base64') });
    const failed = answer.kind === 'message' && answer.severity <= Severity.error;
    return failed || call.session.transaction ? answer : dump(ocspLines(response));
  } catch (problem) {
    return error(`OCSP response of ${path} not updated: ${(problem as Error).message}`);
  }
}

/** `21/Nov/2026:03:42:23 +0000`. */
function logDate(ms: number | null): string {
  if (ms === null) return '-';
  const [month, day, time, year] = opensslDate(ms).split(/\s+/);
  return `${day!.padStart(2, '0')}/${month}/${year}:${time} +0000`;
}

function* updates({ control }: Call): Generator<string> {
  yield 'OCSP Certid | Path | Next Update | Last Update | Successes | Failures | Last Update Status | Last Update Status (str)\n';
  for (const state of [...control.ocsp.states()].sort((a, b) => a.next - b.next)) {
    const { certId, path, next, last, successes, failures, status, statusText } = state;
    yield `${certId} | ${path} | ${logDate(next)} | ${logDate(last)} | ${successes} | ${failures} | ${status} | ${statusText}\n`;
  }
}

const row = { level: 'admin', where: 'worker' } as const;

/** Responses of OCSP that are stapled to handshakes. */
export const ocspCommands: readonly Command[] = [
  {
    ...row,
    ...{ words: 'show ssl ocsp-response', args: '[[text|base64] <id|path>]' },
    help: 'display the IDs of the OCSP responses used in memory, or the details of a single OCSP response',
    run: show,
  },
  {
    ...row,
    // Blanks as in HAProxy's list.
    ...{ words: 'set ssl ocsp-response', args: `<resp|payload>${' '.repeat(7)}` },
    help: "update a certificate's OCSP Response from a base64-encode DER",
    changes: true,
    run: set,
  },
  {
    ...row,
    ...{ words: 'update ssl ocsp-response', args: '<certfile>' },
    help: 'send ocsp request and update stored ocsp response',
    about: 'The answer of the responder is checked as one that comes by `ocsp-update on`, and shown.',
    changes: true,
    run: update,
  },
  {
    ...row,
    ...{ words: 'show ssl ocsp-updates', args: '' },
    help: 'display information about OCSP responses that are updated automatically',
    run: (call) => dump(updates(call)),
  },
];
