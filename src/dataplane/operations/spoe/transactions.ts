/** Transactions of SPOE files, which have their own. */

import Type from 'typebox';
import { ApiError } from '../../service/error.ts';
import { SPOE_STATUSES, spoeView } from '../../spoe/transactions.ts';
import { param } from '../operation.ts';
import { FILES, rows, told } from './call.ts';

const ONE = Type.Object(
  { _version: Type.Integer(), id: Type.String(), status: Type.String({ enum: [...SPOE_STATUSES] }) },
  { additionalProperties: false },
);

const TRANSACTIONS = `${FILES}/{parent_name}/transactions`;

export const SPOE_TRANSACTIONS = rows(
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
