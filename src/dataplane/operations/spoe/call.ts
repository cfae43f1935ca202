/** What operations on SPOE files have in common: where they are, how a file is read and edited. */

import type { Documents } from '../../edit/sections.ts';
import { ApiError } from '../../service/error.ts';
import { versionOf } from '../../store/version.ts';
import { type Call, type Operation, param, type Reply, TRANSACTION } from '../operation.ts';

export const BASE = '/services/haproxy/spoe';

export const FILES = `${BASE}/spoe_files`;

export const SCOPES = `${FILES}/{parent_name}/scopes`;

export const WRITE = [
  TRANSACTION,
  param('version', 'integer', 'The version of the file, where it is in no transaction.'),
];

export type Row = Pick<Operation, 'method' | 'path' | 'summary' | 'success' | 'run'> & Partial<Operation>;

export function rows(...all: readonly Row[]): Operation[] {
  return all.map((one) => ({ group: 'spoe', query: [], body: null, answer: 'json', ...one }));
}

export const read = ({ service, path, query }: Call): Promise<Documents> =>
  service.spoe.read(path['parent_name']!, query.text('transaction_id'));

/** The version of the file is on the answer. */
export function told(documents: Documents, reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'configuration-version': String(versionOf(documents)) } };
}

export async function write(
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
