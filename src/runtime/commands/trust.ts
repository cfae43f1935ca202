import { X509Certificate } from 'node:crypto';
import type { TrustContent } from '../../config/certificates.ts';
import { isTrustUsed, trustUses } from '../../model/certificates/make-views.ts';
import type { CertificateStore } from '../../model/certificates/store.ts';
import { joinedTrust, readTrust } from '../../model/certificates/trust.ts';
import { type Answer, dump, error, Severity } from '../answer.ts';
import { apply } from '../apply.ts';
import { certificateLines, crlLines } from '../certificates/details.ts';
import { hasLevel } from '../levels.ts';
import type { Call, Command } from '../registry.ts';

/** CA files and CRL files differ in their names only. */
interface Kind {
  readonly kind: 'ca' | 'crl';
  readonly store: 'ca-file' | 'crl-file';
  readonly name: 'CA' | 'CRL';
  /** What `set` wants as a payload. */
  readonly wants: string;
}

const CA: Kind = { kind: 'ca', store: 'ca-file', name: 'CA', wants: 'CAs' };
const CRL: Kind = { kind: 'crl', store: 'crl-file', name: 'CRL', wants: 'CRLs' };

const notice = (text: string): Answer => ({ kind: 'message', severity: Severity.notice, text });

function make({ store }: Kind, call: Call): Answer | Promise<Answer> {
  const [file] = call.args;
  return file
    ? apply(call, { kind: 'trust.new', store, file, pem: null })
    : error(`'new ssl ${store}' expects a filename`);
}

/** `set`, and for authorities `add`: stages; nothing of it is in force before `commit`. */
function stage({ kind, store, name, wants }: Kind, call: Call, adds: boolean): Answer {
  const [file] = call.args;
  if (!file || call.payload === null) return error(`'set ssl ${store}' expects a filename and ${wants} as a payload`);
  const { certificates } = call.control.model;
  const { pending } = certificates;
  const refuse = (text: string) => error(`${text}\nCan't update ${file}!`);
  const before = pending[kind];
  if (before !== null && before.path !== file)
    return refuse(`The ongoing transaction is about '${before.path}' but you are trying to set '${file}'`);
  const stored = certificates.trust(kind, file);
  if (stored === null) return refuse(`Can't replace a ${name} file which is not referenced by the configuration!`);
  const content = readTrust(call.payload);
  if (content === null) return refuse('Invalid payload');
  const base = adds ? (before?.content ?? stored.content) : null;
  pending[kind] = { path: file, content: base === null ? content : joinedTrust(base, content) };
  return notice(`transaction ${before === null ? 'created' : 'updated'} for ${name} ${file}!`);
}

async function commit({ kind, store }: Kind, call: Call): Promise<Answer> {
  const [file] = call.args;
  if (!file) return error(`'commit ssl ${store}' expects a filename`);
  const { certificates } = call.control.model;
  const { pending } = certificates;
  const refuse = (text: string) => error(`${text}\nCan't commit ${file}!`);
  const staged = pending[kind];
  if (staged === null) return refuse('No ongoing transaction! !');
  if (staged.path !== file)
    return refuse(`The ongoing transaction is about '${staged.path}' but you are trying to set '${file}'`);
  const uses = trustUses(certificates, file);
  const pem = [...staged.content.certificates, ...staged.content.crls].join('');
  const answer = await apply(call, { kind: 'trust.set', store, file, pem });
  const failed = answer.kind === 'message' && answer.severity <= Severity.error;
  if (failed) return answer;
  pending[kind] = null;
  return call.session.transaction ? answer : dump(`Committing ${file}${'.'.repeat(uses)}\nSuccess!\n`);
}

function abort({ kind, store }: Kind, { args: [file], control }: Call): Answer {
  if (!file) return error(`'abort ssl ${store}' expects a filename`);
  const { pending } = control.model.certificates;
  const staged = pending[kind];
  if (staged === null) return error('No ongoing transaction!');
  if (staged.path !== file)
    return error(
      `The ongoing transaction is about '${staged.path}' but you are trying to abort a transaction for '${file}'`,
    );
  pending[kind] = null;
  return notice(`Transaction aborted for certificate '${file}'!`);
}

async function del({ store, name }: Kind, call: Call): Promise<Answer> {
  const [file] = call.args;
  if (!file) return error(`'del ssl ${store}' expects a ${name} file name`);
  const answer = await apply(call, { kind: 'trust.del', store, file });
  if (answer.kind !== 'message' || answer.severity > Severity.error) return answer;
  return error(`Can't remove the ${name} file: ${answer.text}`);
}

function show({ kind, name }: Kind, { args, control, session }: Call): Answer {
  if (!hasLevel(session.level, 'operator')) return error("Can't allocate memory!");
  const { certificates } = control.model;
  const [word] = args;
  if (!word) return dump(listing(kind, certificates));
  const [, file = word, index] = /^([^:]*):(.*)$/.exec(word) ?? [];
  if (index !== undefined && !(/^\d{1,9}$/.test(index) && Number(index) > 0))
    return error(`wrong ${name} index after colons in '${word}'!`);
  const staged = file.startsWith('*');
  const path = staged ? file.slice(1) : file;
  const pending = certificates.pending[kind];
  const stored = certificates.trust(kind, path);
  if (stored === null || (staged && pending?.path !== path))
    return error(`Can't display the ${name} file : Not found!`);
  const content = staged ? pending!.content : stored.content;
  const used = isTrustUsed(certificates, path) ? 'Used' : 'Unused';
  const status = staged ? 'Uncommitted' : content === null ? 'Empty' : used;
  return dump(details(kind, { file, status, content, only: index === undefined ? null : Number(index) }));
}

interface Shown {
  readonly file: string;
  readonly status: string;
  readonly content: TrustContent | null;
  /** Number of the only one that is asked for. */
  readonly only: number | null;
}

function* details(kind: 'ca' | 'crl', { file, status, content, only }: Shown): Generator<string> {
  yield `Filename: ${file}\nStatus: ${status}\n`;
  const all = (kind === 'ca' ? content?.certificates : content?.crls) ?? [];
  for (const [i, pem] of all.entries()) {
    if (only !== null && only !== i + 1) continue;
    yield ` \n${kind === 'ca' ? 'Certificate' : 'Certificate Revocation List'} #${i + 1}:\n`;
    yield* kind === 'ca' ? certificateLines(new X509Certificate(pem), []) : crlLines(pem);
  }
}

function* listing(kind: 'ca' | 'crl', store: CertificateStore): Generator<string> {
  const staged = store.pending[kind];
  const count = (content: TrustContent | null) =>
    kind === 'ca' ? ` - ${content?.certificates.length ?? 0} certificate(s)` : '';
  if (staged !== null) yield `# transaction\n*${staged.path}${count(staged.content)}\n`;
  yield '# filename\n';
  for (const trust of store.allTrusts()) if (trust.kind === kind) yield `${trust.path}${count(trust.content)}\n`;
}

function commandsOf(which: Kind): Command[] {
  const { store, name } = which;
  const file = `<${which.kind}file>`;
  const row = { level: 'admin', where: 'worker' } as const;
  const what = which.kind === 'ca' ? 'CA file' : 'CRL file';
  return [
    {
      ...{ level: 'user', where: 'worker' },
      ...{ words: `show ssl ${store}`, args: `[[*]${file}[:<index>]]` },
      help: `display the SSL ${name} files used in memory, or the details of a ${file}, or a single one of it`,
      about: `From level operator. With \`*\` in front: as it was staged by \`set ssl ${store}\`.`,
      run: (call) => show(which, call),
    },
    {
      ...row,
      ...{ words: `new ssl ${store}`, args: file },
      help: `create a new ${what} to be used in a crt-list`,
      changes: true,
      run: (call) => make(which, call),
    },
    {
      ...row,
      ...{ words: `set ssl ${store}`, args: `${file} <payload>` },
      help: `replace a ${what}`,
      about: `Stages it until \`commit ssl ${store}\` or \`abort ssl ${store}\`.`,
      run: (call) => stage(which, call, false),
    },
    ...(which.kind === 'ca'
      ? [
          {
            ...row,
            ...{ words: 'add ssl ca-file', args: `${file} <payload>` },
            help: 'add a certificate into the CA file',
            about: 'Stages it until `commit ssl ca-file` or `abort ssl ca-file`.',
            run: (call: Call) => stage(which, call, true),
          },
        ]
      : []),
    {
      ...row,
      ...{ words: `commit ssl ${store}`, args: file },
      help: `commit a ${what}`,
      about: 'New handshakes are verified with it when this is answered.',
      changes: true,
      run: (call) => commit(which, call),
    },
    {
      ...row,
      ...{ words: `abort ssl ${store}`, args: file },
      help: `abort a transaction for a ${what}`,
      run: (call) => abort(which, call),
    },
    {
      ...row,
      ...{ words: `del ssl ${store}`, args: file },
      help: `delete an unused ${what}`,
      changes: true,
      run: (call) => del(which, call),
    },
  ];
}

/** CA files and CRL files. */
export const trustCommands: readonly Command[] = [...commandsOf(CA), ...commandsOf(CRL)];
