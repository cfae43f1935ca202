/** Configuration files for operations that work on whole files: read, replaced as one change, loaded. */

import Type, { type Static } from 'typebox';
import { parseDocument } from '../../config/document.ts';
import { ApiError } from '../service/error.ts';
import { besideStores, storesToKeep } from '../store/kept-stores.ts';
import { versionMismatch } from '../store/transactions.ts';
import { problemError } from '../store/validation.ts';
import { versionOf } from '../store/version.ts';
import type { Call, Operation, Reply } from './operation.ts';

const FILES = Type.Object(
  {
    version: Type.Integer({ description: 'The version that is in force.' }),
    files: Type.Array(Type.Object({ name: Type.String(), text: Type.String() }, { additionalProperties: false })),
  },
  { additionalProperties: false },
);
const TEXTS = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    texts: Type.Array(Type.String(), { minItems: 1, maxItems: 100 }),
    stores: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 10_000,
        description:
          'Files of maps, ACLs, certificates, ... that are to say what is set: all that `/sluice/stores` tells.',
      }),
    ),
  },
  { additionalProperties: false },
);
const CHANGE = Type.Object({ kind: Type.String() }, { additionalProperties: true });
const TEXT_OR_NULL = Type.Union([Type.String(), Type.Null()]);
const STORES = Type.Object(
  {
    files: Type.Array(Type.String(), { description: 'Those that would be written.' }),
    lines: Type.Array(
      Type.Object(
        { file: Type.String(), line: Type.Integer(), before: TEXT_OR_NULL, after: TEXT_OR_NULL },
        { additionalProperties: false },
      ),
    ),
    notes: Type.Array(Type.String()),
    elsewhere: Type.Array(
      Type.Object(
        {
          change: CHANGE,
          keeping: Type.Object({ in: Type.String(), file: TEXT_OR_NULL }, { additionalProperties: true }),
        },
        { additionalProperties: false },
      ),
      { description: 'What is kept in files that are not known.' },
    ),
    left: Type.Array(
      Type.Object({ change: CHANGE, why: Type.String(), failed: Type.Boolean() }, { additionalProperties: false }),
      { description: 'What cannot be kept, and why.' },
    ),
  },
  { additionalProperties: false },
);
const DONE = Type.Object({ text: Type.String({ description: 'What came of it.' }) }, { additionalProperties: false });

async function read({ service }: Call): Promise<Reply> {
  const documents = await service.commits.files.read();
  const files = documents.map((document) => ({ name: document.name, text: document.print() }));
  return { status: 200, body: { version: versionOf(documents), files } };
}

async function stores({ service, requester }: Call): Promise<Reply> {
  const documents = await service.commits.files.read();
  return { status: 200, body: (await storesToKeep(service.balancer, requester, documents)).told };
}

async function replace({ service, requester, body }: Call): Promise<Reply> {
  const { version, texts, stores: files = [] } = body as Static<typeof TEXTS>;
  const now = await service.commits.files.read();
  const beside = files.length === 0 ? null : await besideStores(service.balancer, requester, now, files);
  const committed = await service.commits.run({
    requester,
    forceReload: true,
    // Nothing but the other files is written then.
    keepVersion: beside !== null && now.every((document, i) => document.print() === texts[i]),
    ...(beside === null ? {} : { beside }),
    edit(before, is) {
      if (is !== version) throw versionMismatch(is, version);
      if (texts.length !== before.length)
        throw new ApiError(400, `${texts.length} texts cannot take the place of ${before.length} files`);
      return before.map((document, i) =>
        document.print() === texts[i] ? document : parseDocument(document.name, texts[i]!),
      );
    },
  });
  return { status: 200, body: { text: `version ${committed.version} is in force` } };
}

async function reload({ service, requester }: Call): Promise<Reply> {
  const documents = await service.commits.files.read();
  const problems = await service.balancer.check(documents);
  if (problems.length > 0) throw problemError(problems, documents, documents);
  const { status, response } = await service.commits.reloads.now(requester);
  if (status === 'failed') throw new ApiError(400, `the reload failed: ${response}`);
  return { status: 200, body: { text: response || 'reloaded' } };
}

const COMMON = { group: 'sluice', query: [], success: [200] };

export const TARGET_FILE_OPERATIONS: readonly Operation[] = [
  {
    ...COMMON,
    method: 'GET',
    path: '/sluice/files',
    summary: 'gives the configuration files and their version',
    body: null,
    answer: { schema: FILES },
    run: read,
  },
  {
    ...COMMON,
    method: 'GET',
    path: '/sluice/stores',
    summary: 'tells what is set and would be written into files of maps, ACLs, certificates, ...',
    body: null,
    answer: { schema: STORES },
    run: stores,
  },
  {
    ...COMMON,
    method: 'PUT',
    path: '/sluice/files',
    summary: 'has other texts for all configuration files checked, written and put in force, or nothing',
    body: { schema: TEXTS },
    answer: { schema: DONE },
    run: replace,
  },
  {
    ...COMMON,
    method: 'POST',
    path: '/sluice/reload',
    summary: 'has the configuration files as they are checked and loaded',
    body: null,
    answer: { schema: DONE },
    run: reload,
  },
];
