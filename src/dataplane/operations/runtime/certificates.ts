/** Certificates and crt-lists in the memory of the running process. */

import Type from 'typebox';
import { parseCrtList, parseFacts, parseStores } from '../../../client/parse/certificates.ts';
import { ApiError } from '../../service/error.ts';
import type { UploadedFile } from '../../service/multipart.ts';
import { type Call, type Operation, param } from '../operation.ts';
import { make, runtimeRows } from './reply.ts';

const LIST_NAME = param('name', 'string', 'The file of the list.', true);

const ENTRY = Type.Object(
  {
    file: Type.String({ minLength: 1 }),
    ssl_bind_config: Type.Optional(Type.String()),
    sni_filter: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
);

async function certificates({ service }: Call): Promise<string[]> {
  const { files } = parseStores(await service.balancer.ask(['show', 'ssl', 'cert']));
  return [...files.keys()];
}

/** The path of a certificate by its path or the name of the file. */
async function certificateNamed(call: Call, name: string): Promise<string> {
  const all = await certificates(call);
  const found = all.filter((path) => path === name || path.endsWith(`/${name}`));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw new ApiError(400, `more than one certificate is called '${name}': name its path`);
  throw new ApiError(404, `there is no certificate '${name}'`);
}

async function facts(call: Call, path: string) {
  const found = parseFacts(await call.service.balancer.ask(['show', 'ssl', 'cert', path]));
  const own = Object.entries(found).map(([name, value]) => [name.toLowerCase().replaceAll(/[ -]/g, '_'), value]);
  return { storage_name: path, ...Object.fromEntries(own) };
}

export const RUNTIME_CERTIFICATES: readonly Operation[] = runtimeRows('certificates', [
  {
    method: 'GET',
    path: '/ssl_certs',
    summary: 'lists the certificates in memory',
    success: [200],
    run: async (call) => ({ status: 200, body: (await certificates(call)).map((path) => ({ storage_name: path })) }),
  },
  {
    method: 'POST',
    path: '/ssl_certs',
    summary: 'puts a new certificate with its key into memory',
    body: 'file',
    success: [201],
    async run(call) {
      const { name, content } = call.body as UploadedFile;
      return make(call, [{ kind: 'cert.new', path: name, pem: content.toString('utf8') }], () => ({
        status: 201,
        body: { storage_name: name },
      }));
    },
  },
  {
    method: 'GET',
    path: '/ssl_certs/{name}',
    summary: 'tells of a certificate in memory',
    success: [200],
    async run(call) {
      return { status: 200, body: await facts(call, await certificateNamed(call, call.path['name']!)) };
    },
  },
  {
    method: 'PUT',
    path: '/ssl_certs/{name}',
    summary: 'puts another certificate with its key in its place, in memory',
    body: 'file',
    success: [200],
    async run(call) {
      const path = await certificateNamed(call, call.path['name']!);
      return make(
        call,
        [{ kind: 'cert.set', path, pem: (call.body as UploadedFile).content.toString('utf8') }],
        async () => ({
          status: 200,
          body: await facts(call, path),
        }),
      );
    },
  },
  {
    method: 'DELETE',
    path: '/ssl_certs/{name}',
    summary: 'takes a certificate that nothing uses out of memory',
    success: [204],
    async run(call) {
      return make(call, [{ kind: 'cert.del', path: await certificateNamed(call, call.path['name']!) }], () => ({
        status: 204,
      }));
    },
  },
  {
    method: 'GET',
    path: '/ssl_crt_lists',
    summary: 'lists the crt-lists in memory',
    success: [200],
    async run({ service }) {
      const text = await service.balancer.ask(['show', 'ssl', 'crt-list']);
      const files = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return { status: 200, body: files.map((file) => ({ file })) };
    },
  },
  {
    method: 'GET',
    path: '/ssl_crt_lists/entries',
    summary: 'lists the entries of a crt-list in memory',
    query: [LIST_NAME],
    success: [200],
    async run({ service, query }) {
      const list = query.required('name');
      const entries = parseCrtList(await service.balancer.ask(['show', 'ssl', 'crt-list', '-n', list]));
      return { status: 200, body: entries };
    },
  },
  {
    method: 'POST',
    path: '/ssl_crt_lists/entries',
    summary: 'adds an entry to a crt-list in memory',
    query: [LIST_NAME],
    body: { schema: ENTRY },
    success: [201],
    async run(call) {
      const {
        file,
        ssl_bind_config: options = '',
        sni_filter: filters = [],
      } = call.body as {
        readonly file: string;
        readonly ssl_bind_config?: string;
        readonly sni_filter?: readonly string[];
      };
      const given = options === '' || options.startsWith('[') ? options : `[${options}]`;
      return make(
        call,
        [{ kind: 'crt-list.add', list: call.query.required('name'), certificate: file, options: given, filters }],
        () => ({ status: 201, body: call.body }),
      );
    },
  },
  {
    method: 'DELETE',
    path: '/ssl_crt_lists/entries',
    summary: 'takes an entry out of a crt-list in memory',
    query: [
      LIST_NAME,
      param('cert_file', 'string', 'The certificate.', true),
      param('line_number', 'integer', 'Where it is there more than once.'),
    ],
    success: [204],
    async run(call) {
      const certificate = call.query.required('cert_file');
      const line = call.query.number('line_number');
      return make(call, [{ kind: 'crt-list.del', list: call.query.required('name'), certificate, line }], () => ({
        status: 204,
      }));
    },
  },
]);
