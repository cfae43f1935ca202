/** CA files, CRL files and certificates over ACME, in the running process. */

import type { Change } from '../../../change/change.ts';
import { parseFacts, parseStores } from '../../../client/parse/certificates.ts';
import { ApiError } from '../../service/error.ts';
import type { UploadedFile } from '../../service/multipart.ts';
import { type Call, type Operation, param } from '../operation.ts';
import { make, runtimeRows } from './reply.ts';

interface Kind {
  readonly store: 'ca-file' | 'crl-file';
  readonly path: string;
  readonly title: string;
}

const CA: Kind = { store: 'ca-file', path: '/ssl_ca_files', title: 'CA file' };
const CRL: Kind = { store: 'crl-file', path: '/ssl_crl_files', title: 'CRL file' };

async function stored({ store }: Kind, { service }: Call) {
  const { files } = parseStores(await service.balancer.ask(['show', 'ssl', store]));
  return [...files].map(([file, count]) => ({
    storage_name: file,
    file,
    ...(count === null ? {} : { count: String(count) }),
  }));
}

/** A file in memory by its path or the name of the file. */
async function named(kind: Kind, call: Call): Promise<{ readonly file: string; readonly storage_name: string }> {
  const name = call.path['name']!;
  const found = (await stored(kind, call)).filter(({ file }) => file === name || file.endsWith(`/${name}`));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw new ApiError(400, `more than one ${kind.title} is called '${name}': name its path`);
  throw new ApiError(404, `there is no ${kind.title} '${name}'`);
}

/** The Changes that do it; a real HAProxy is told by commands. */
function changesFor(
  { store }: Kind,
  { service }: Call,
  verb: 'new' | 'set' | 'add' | 'del',
  file: string,
  pem: string,
): Change[] {
  if (service.balancer.product === 'sluice') {
    if (verb === 'del') return [{ kind: 'trust.del', store, file }];
    return [{ kind: `trust.${verb}`, store, file, pem }];
  }
  const command = (word: string, payload: string | null): Change => ({
    kind: 'runtime.command',
    words: [word, 'ssl', store, file],
    payload,
    mode: null,
    on: file,
  });
  if (verb === 'del') return [command('del', null)];
  const fill = [command(verb === 'add' ? 'add' : 'set', pem.trim()), command('commit', null)];
  return verb === 'new' ? [command('new', null), ...fill] : fill;
}

const pemOf = (call: Call) => (call.body as UploadedFile).content.toString('utf8');

function rowsOf(kind: Kind): Operation[] {
  const { path, title, store } = kind;
  const index = store === 'crl-file' ? [param('index', 'integer', 'Only the one of this number.')] : [];
  return runtimeRows('certificates', [
    {
      method: 'GET',
      path,
      summary: `lists every ${title} in memory`,
      success: [200],
      run: async (call) => ({ status: 200, body: await stored(kind, call) }),
    },
    {
      method: 'POST',
      path,
      summary: `puts a new ${title} into memory`,
      body: 'file',
      success: [201],
      run: (call) => {
        const { name } = call.body as UploadedFile;
        return make(call, changesFor(kind, call, 'new', name, pemOf(call)), () => ({
          status: 201,
          body: { storage_name: name },
        }));
      },
    },
    {
      method: 'GET',
      path: `${path}/{name}`,
      summary: `tells of a ${title} in memory`,
      query: index,
      success: [200],
      async run(call) {
        const found = await named(kind, call);
        const number = store === 'crl-file' ? call.query.number('index') : null;
        const asked = number === null ? found.file : `${found.file}:${number}`;
        const facts = parseFacts(await call.service.balancer.ask(['show', 'ssl', store, asked]));
        return { status: 200, body: { ...found, ...lowerCase(facts) } };
      },
    },
    {
      method: 'PUT',
      path: `${path}/{name}`,
      summary: `puts another ${title} in its place, in memory`,
      body: 'file',
      success: [200],
      async run(call) {
        const found = await named(kind, call);
        return make(call, changesFor(kind, call, 'set', found.file, pemOf(call)), () => ({ status: 200, body: found }));
      },
    },
    {
      method: 'DELETE',
      path: `${path}/{name}`,
      summary: `takes a ${title} that nothing uses out of memory`,
      success: [204],
      async run(call) {
        const { file } = await named(kind, call);
        return make(call, changesFor(kind, call, 'del', file, ''), () => ({ status: 204 }));
      },
    },
  ]);
}

const ENTRIES = runtimeRows('certificates', [
  {
    method: 'POST',
    path: `${CA.path}/{name}/entries`,
    summary: 'adds certificates to a CA file in memory',
    body: 'file',
    success: [201],
    async run(call) {
      const found = await named(CA, call);
      return make(call, changesFor(CA, call, 'add', found.file, pemOf(call)), () => ({ status: 201, body: found }));
    },
  },
  {
    method: 'GET',
    path: `${CA.path}/{name}/entries/{index}`,
    summary: 'tells of one certificate of a CA file in memory',
    success: [200],
    async run(call) {
      const { file } = await named(CA, call);
      const index = call.path['index']!;
      const text = await call.service.balancer.ask(['show', 'ssl', CA.store, `${file}:${index}`]);
      const facts = lowerCase(parseFacts(text));
      if (facts['serial'] === undefined) throw new ApiError(404, `${file} has no certificate ${index}`);
      return { status: 200, body: { storage_name: file, ...facts } };
    },
  },
]);

function lowerCase(facts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name.toLowerCase().replaceAll(/[ -]/g, '_'), value]),
  );
}

/** Columns of `acme status`, as the API calls them. */
const ACME_FIELDS = [
  'certificate',
  'acme_section',
  'state',
  'expiry_date',
  'expires_in',
  'scheduled_renewal',
  'renewal_in',
];

const ACME = runtimeRows('certificates', [
  {
    method: 'GET',
    path: '/acme',
    summary: 'tells when certificates that are ordered over ACME end, and are renewed',
    success: [200],
    async run({ service }) {
      const text = await service.balancer.ask(['acme', 'status']);
      const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const body = rows.map((line) =>
        Object.fromEntries(line.split('\t').map((cell, i) => [ACME_FIELDS[i] ?? `column_${i}`, cell])),
      );
      return { status: 200, body };
    },
  },
  {
    method: 'PUT',
    path: '/acme',
    summary: 'begins an order of a certificate over ACME now',
    query: [param('certificate', 'string', 'The file of the certificate.', true)],
    success: [200],
    async run(call) {
      const words = ['acme', 'renew', call.query.required('certificate')];
      if (call.service.balancer.product === 'haproxy')
        return make(call, [{ kind: 'runtime.command', words, payload: null, mode: null, on: words[2]! }], () => ({
          status: 200,
        }));
      await call.service.balancer.ask(words);
      return { status: 200 };
    },
  },
]);

export const RUNTIME_TRUST: readonly Operation[] = [...rowsOf(CA), ...ENTRIES, ...rowsOf(CRL), ...ACME];
