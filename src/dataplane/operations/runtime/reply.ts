import type { Change } from '../../../change/change.ts';
import { APPROVAL_NEEDED, NOT_ALLOWED } from '../../../change/policy/decide.ts';
import { ApiError } from '../../service/error.ts';
import { type Call, type Operation, type Reply, TRANSACTION } from '../operation.ts';

const RUNTIME = '/services/haproxy/runtime';

type Row = Pick<Operation, 'method' | 'path' | 'summary' | 'success' | 'run'> & Partial<Operation>;

/** Operations of a subject; paths are from `/runtime`. What changes something may be done in a transaction. */
export function runtimeRows(subject: string, rows: readonly Row[]): Operation[] {
  return rows.map((row) => ({
    group: `runtime ${subject}`,
    body: null,
    answer: row.success.includes(204) ? null : 'json',
    ...row,
    query: [...(row.query ?? []), ...(row.method === 'GET' ? [] : [TRANSACTION])],
    success: row.method === 'GET' ? row.success : [...row.success, 202],
    path: `${RUNTIME}${row.path}`,
  }));
}

/**
 * Makes Changes, and gives what `done` answers then; in a transaction they are made with its commit, and the request is answered with 202.
 * Throws ApiError with what was answered when they are refused.
 */
export async function make(call: Call, changes: readonly Change[], done: () => Reply | Promise<Reply>): Promise<Reply> {
  const { service, requester, query } = call;
  const id = query.text('transaction_id');
  if (id !== null) {
    service.transactions.add(id, { kind: 'changes', title: requester.title, changes });
    return { status: 202, body: typeof call.body === 'object' && !Array.isArray(call.body) ? call.body : undefined };
  }
  if (changes.length > 0) {
    const { ok, text } = await service.balancer.change(changes, requester);
    if (!ok) throw refused(text);
  }
  return done();
}

/** The error for a Change that was refused, its status told from the text. */
function refused(text: string): ApiError {
  if (text.startsWith(NOT_ALLOWED) || text.startsWith(APPROVAL_NEEDED)) return new ApiError(403, text);
  if (/no such|not found|has no |doesn't exist|unknown/i.test(text)) return new ApiError(404, text);
  if (/already/i.test(text)) return new ApiError(409, text);
  return new ApiError(400, text);
}

/** The elements of a JSON list, as text that is sent while they are made. */
export async function* jsonList(items: AsyncIterable<unknown>): AsyncGenerator<string, void, undefined> {
  let text = '[';
  let first = true;
  for await (const item of items) {
    text += (first ? '' : ',') + JSON.stringify(item);
    first = false;
    if (text.length > 65_536) {
      yield text;
      text = '';
    }
  }
  yield `${text}]`;
}

/** Lines of an answer that comes in pieces. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
