/** SPOE files as they are kept. */

import Type from 'typebox';
import type { UploadedFile } from '../../service/multipart.ts';
import { versionOf } from '../../store/version.ts';
import { TRANSACTION } from '../operation.ts';
import { BASE, FILES, read, rows, told } from './call.ts';

export const SPOE_FILES = rows(
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
