/** SPOE files: kept, edited by scope and section, in transactions of their own. */

import Type from 'typebox';
import type { Resource } from '../edit/resource.ts';
import type { Documents } from '../edit/sections.ts';
import type { SectionKind } from '../kinds/kind.ts';
import { SPOE_SECTIONS } from '../kinds/spoe.ts';
import { ApiError, orThrow } from '../service/error.ts';
import type { UploadedFile } from '../service/multipart.ts';
import { addScope, addSection, readAll, readOne, removeScope, removeSection, replaceOne } from '../spoe/edit.ts';
import { scopeNamed, scopesOf } from '../spoe/places.ts';
import { SPOE_STATUSES, spoeView } from '../spoe/transactions.ts';
import { versionOf } from '../store/version.ts';
import { type Call, type Operation, param, type Reply, TRANSACTION } from './operation.ts';

const BASE = '/services/haproxy/spoe';
const FILES = `${BASE}/spoe_files`;
const SCOPES = `${FILES}/{parent_name}/scopes`;
const WRITE = [TRANSACTION, param('version', 'integer', 'The version of the file, where it is in no transaction.')];
const SCOPE = Type.String({ minLength: 1, description: 'A name, in brackets or without them.' });
const ONE = Type.Object(
  { _version: Type.Integer(), id: Type.String(), status: Type.String({ enum: [...SPOE_STATUSES] }) },
  { additionalProperties: false },
);

type Row = Pick<Operation, 'method' | 'path' | 'summary' | 'success' | 'run'> & Partial<Operation>;

function rows(...all: readonly Row[]): Operation[] {
  return all.map((one) => ({ group: 'spoe', query: [], body: null, answer: 'json', ...one }));
}

const read = ({ service, path, query }: Call): Promise<Documents> =>
  service.spoe.read(path['parent_name']!, query.text('transaction_id'));

/** The version of the file is on the answer. */
function told(documents: Documents, reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'configuration-version': String(versionOf(documents)) } };
}

async function write(
  call: Call,
  edit: (documents: Documents) => Documents,
  status: 200 | 201 | 204,
  answer: (documents: Documents) => unknown,
): Promise<Reply> {
  const { service, path, query, requester } = call;
  const [transaction, version] = [query.text('transaction_id'), query.number('version')];
  if (transaction !== null && version !== null)
    throw new ApiError(400, 'version and transaction_id cannot both be given');
  if (transaction === null && version === null)
    throw new ApiError(400, 'version or transaction not specified: version or transaction_id has to be in the query');
  const { documents, reload } = await service.spoe.edit(path['parent_name']!, {
    requester,
    transaction,
    version,
    edit,
  });
  const headers: Record<string, string> = reload === null ? {} : { 'reload-id': reload };
  return told(documents, { status, headers, ...(status === 204 ? {} : { body: answer(documents) }) });
}

const FILE_ROWS = rows(
  {
    method: 'GET',
    path: BASE,
    summary: 'lists what is below it',
    success: [200],
    run: async () => ({ status: 200, body: [{ title: 'spoe_files', url: `/v3${FILES}` }] }),
  },
  {
    method: 'GET',
    path: FILES,
    summary: 'lists SPOE files by their paths',
    success: [200],
    answer: { schema: Type.Array(Type.String()) },
    run: async ({ service }) => ({ status: 200, body: await service.spoe.list() }),
  },
  {
    method: 'POST',
    path: FILES,
    summary: 'stores a new SPOE file',
    body: 'file',
    success: [201],
    answer: { schema: Type.String() },
    run: async ({ service, body, requester }) => ({
      status: 201,
      body: await service.spoe.create(body as UploadedFile, requester),
    }),
  },
  {
    method: 'GET',
    path: `${FILES}/{name}`,
    summary: 'tells the path and the version of an SPOE file',
    success: [200],
    answer: { schema: Type.Object({ data: Type.String(), _version: Type.Integer() }) },
    async run({ service, path }) {
      const documents = await service.spoe.read(path['name']!, null);
      return told(documents, { status: 200, body: { data: documents[0]!.name, _version: versionOf(documents) } });
    },
  },
  {
    method: 'DELETE',
    path: `${FILES}/{name}`,
    summary: 'deletes an SPOE file that the configuration does not name',
    success: [204],
    answer: null,
    async run({ service, path, requester }) {
      await service.spoe.remove(path['name']!, requester);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${BASE}/{parent_name}/version`,
    summary: 'tells the version of an SPOE file',
    query: [TRANSACTION],
    success: [200],
    answer: { schema: Type.Integer() },
    async run(call) {
      const documents = await read(call);
      return told(documents, { status: 200, body: versionOf(documents) });
    },
  },
);

const TRANSACTIONS = `${FILES}/{parent_name}/transactions`;

const TRANSACTION_ROWS = rows(
  {
    method: 'GET',
    path: TRANSACTIONS,
    summary: 'lists the transactions of an SPOE file',
    query: [param('status', 'string', 'Only those: in_progress, failed, success.')],
    success: [200],
    answer: { schema: Type.Array(ONE) },
    run: async ({ service: { spoe }, path, query }) => ({
      status: 200,
      body: spoe.transactions.list(await spoe.path(path['parent_name']!), query.text('status')),
    }),
  },
  {
    method: 'POST',
    path: TRANSACTIONS,
    summary: 'begins a transaction on an SPOE file',
    query: [param('version', 'integer', 'The version of the file.', true)],
    success: [201],
    answer: { schema: ONE },
    async run({ service, path, query }) {
      const version = query.number('version');
      if (version === null) throw new ApiError(400, 'version is missing in the query');
      return { status: 201, body: spoeView(await service.spoe.begin(path['parent_name']!, version)) };
    },
  },
  {
    method: 'GET',
    path: `${TRANSACTIONS}/{id}`,
    summary: 'reads a transaction of an SPOE file',
    success: [200],
    answer: { schema: ONE },
    run: async ({ service: { spoe }, path }) => ({
      status: 200,
      body: spoeView(spoe.transactions.find(await spoe.path(path['parent_name']!), path['id']!)),
    }),
  },
  {
    method: 'PUT',
    path: `${TRANSACTIONS}/{id}`,
    summary: 'commits a transaction of an SPOE file',
    query: [param('force_reload', 'boolean', 'Where a reload is needed, it is made at once and its end waited for.')],
    success: [200, 202],
    answer: { schema: ONE },
    async run({ service, path, query, requester }) {
      const force = query.flag('force_reload');
      const done = await service.spoe.commit(path['parent_name']!, path['id']!, requester, force);
      const body = spoeView(done.transaction);
      if (done.reload === null) return told(done.documents, { status: 200, body });
      return told(done.documents, { status: 202, body, headers: { 'reload-id': done.reload } });
    },
  },
  {
    method: 'DELETE',
    path: `${TRANSACTIONS}/{id}`,
    summary: 'drops a transaction of an SPOE file',
    success: [204],
    answer: null,
    async run({ service: { spoe }, path }) {
      await spoe.transactions.drop(spoe.transactions.find(await spoe.path(path['parent_name']!), path['id']!));
      return { status: 204 };
    },
  },
);

const SCOPE_ROWS = rows(
  {
    method: 'GET',
    path: SCOPES,
    summary: 'lists the scopes of an SPOE file',
    query: [TRANSACTION],
    success: [200],
    answer: { schema: Type.Array(SCOPE) },
    async run(call) {
      const documents = await read(call);
      return told(documents, { status: 200, body: scopesOf(documents).map(({ name }) => name) });
    },
  },
  {
    method: 'POST',
    path: SCOPES,
    summary: 'adds a scope to an SPOE file',
    query: WRITE,
    body: { schema: SCOPE },
    success: [201],
    answer: { schema: SCOPE },
    run: (call) =>
      write(
        call,
        (documents) => orThrow(addScope(documents, call.body as string)),
        201,
        () => call.body,
      ),
  },
  {
    method: 'GET',
    path: `${SCOPES}/{name}`,
    summary: 'reads a scope of an SPOE file',
    query: [TRANSACTION],
    success: [200],
    answer: { schema: SCOPE },
    async run(call) {
      const documents = await read(call);
      return told(documents, { status: 200, body: orThrow(scopeNamed(documents, call.path['name']!)).name });
    },
  },
  {
    method: 'DELETE',
    path: `${SCOPES}/{name}`,
    summary: 'removes a scope with what is in it',
    query: WRITE,
    success: [204],
    answer: null,
    run: (call) =>
      write(
        call,
        (documents) => orThrow(removeScope(documents, call.path['name']!)),
        204,
        () => null,
      ),
  },
);

/** The operations on one kind of section of a scope. */
function sectionRows(kind: SectionKind): Operation[] {
  const path = `${SCOPES}/{scope_name}/${kind.path}`;
  const { title, model } = kind;
  const where = ({ path: given }: Call) => ({ scope: given['scope_name']!, name: given['name'] ?? '' });
  const body = { model, many: false };
  return rows(
    {
      method: 'GET',
      path,
      summary: `lists every ${title} of a scope`,
      query: [TRANSACTION],
      success: [200],
      answer: { model, many: true },
      async run(call) {
        const documents = await read(call);
        return told(documents, { status: 200, body: readAll(documents, where(call).scope, kind) });
      },
    },
    {
      method: 'POST',
      path,
      summary: `adds a ${title} to a scope`,
      query: WRITE,
      body,
      success: [201],
      answer: body,
      run: (call) => {
        const { scope } = where(call);
        const resource = call.body as Resource;
        const answer = (documents: Documents) => orThrow(readOne(documents, scope, kind, String(resource['name'])));
        return write(call, (documents) => orThrow(addSection(documents, scope, kind, resource)), 201, answer);
      },
    },
    {
      method: 'GET',
      path: `${path}/{name}`,
      summary: `reads one ${title}`,
      query: [TRANSACTION],
      success: [200],
      answer: body,
      async run(call) {
        const documents = await read(call);
        const { scope, name } = where(call);
        return told(documents, { status: 200, body: orThrow(readOne(documents, scope, kind, name)) });
      },
    },
    {
      method: 'PUT',
      path: `${path}/{name}`,
      summary: `replaces one ${title}`,
      query: WRITE,
      body,
      success: [200],
      answer: body,
      run: (call) => {
        const { scope, name } = where(call);
        const edit = (documents: Documents) => orThrow(replaceOne(documents, scope, kind, name, call.body as Resource));
        return write(call, edit, 200, (documents) => orThrow(readOne(documents, scope, kind, name)));
      },
    },
    {
      method: 'DELETE',
      path: `${path}/{name}`,
      summary: `removes one ${title}`,
      query: WRITE,
      success: [204],
      answer: null,
      run: (call) => {
        const { scope, name } = where(call);
        return write(
          call,
          (documents) => orThrow(removeSection(documents, scope, kind, name)),
          204,
          () => null,
        );
      },
    },
  );
}

export const SPOE_OPERATIONS: readonly Operation[] = [
  ...FILE_ROWS,
  ...TRANSACTION_ROWS,
  ...SCOPE_ROWS,
  ...SPOE_SECTIONS.flatMap(sectionRows),
];
