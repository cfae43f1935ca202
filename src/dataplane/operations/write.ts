/** How all changes of the configuration are made: in a transaction, or at once on a version or an object that is named. */

import { createHash } from 'node:crypto';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import { versionMismatch } from '../store/transactions.ts';
import type { Call, Reply } from './operation.ts';

export interface Write {
  readonly edit: (documents: Documents) => Documents;
  /** The object as it is, for `If-Match`; null when it is not there. */
  readonly current: (documents: Documents) => unknown;
  /** What is answered, from the documents that came of it. */
  readonly answer: (documents: Documents) => unknown;
  /** Status when it is in force. */
  readonly status: 200 | 201 | 204;
}

export async function write(call: Call, { edit, current, answer, status }: Write): Promise<Reply> {
  const { service, query, requester } = call;
  const transaction = query.text('transaction_id');
  const version = query.number('version');
  const forceReload = query.flag('force_reload');
  const match = call.header('if-match');
  if (transaction !== null) {
    if (version !== null) throw new ApiError(400, 'version and transaction_id cannot both be given');
    if (forceReload)
      throw new ApiError(400, 'force_reload cannot be given with a transaction_id: it is for the commit');
    service.transactions.edit(transaction, (documents) => matched(documents, match, current, edit));
    return { status: 202, body: status === 204 ? undefined : answer(service.transactions.documents(transaction)) };
  }
  if ((version === null || version === 0) && match === undefined)
    throw new ApiError(
      400,
      'version or transaction not specified: version or transaction_id has to be in the query, or If-Match with the ETag of the object',
    );
  const { documents, reload } = await service.commits.run({
    requester,
    forceReload,
    edit: (before, now) => {
      if (version !== null && version !== 0 && version !== now) throw versionMismatch(now, version);
      return matched(before, match, current, edit);
    },
  });
  const body = status === 204 ? undefined : answer(documents);
  if (reload === null) return { status, body, headers: body === undefined ? {} : { etag: etagOf(body) } };
  return { status: 202, body, headers: { 'reload-id': reload } };
}

/** The edit, if the object is the one that the client has seen. */
function matched(
  documents: Documents,
  match: string | undefined,
  current: Write['current'],
  edit: Write['edit'],
): Documents {
  if (match !== undefined) {
    const now = current(documents);
    const tag = now === null ? null : etagOf(now);
    const wanted = match.split(',').map((one) => one.trim().replace(/^W\//, ''));
    if (tag === null || !(wanted.includes('*') || wanted.includes(tag)))
      throw new ApiError(
        412,
        `the object is no longer what the request names with If-Match: it is ${tag ?? 'gone'} now`,
      );
  }
  return edit(documents);
}

/** Names the content of an object. */
export function etagOf(value: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)}"`;
}

/** The configuration that a read is from: that of a transaction, or the one in force. */
export async function documentsFor({ service, query }: Call): Promise<Documents> {
  const transaction = query.text('transaction_id');
  return transaction === null ? service.commits.files.read() : service.transactions.documents(transaction);
}
