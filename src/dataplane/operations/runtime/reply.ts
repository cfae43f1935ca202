import type { Change } from '../../../change/change.ts';
import { ApiError } from '../../service/error.ts';
import type { Call, Operation } from '../operation.ts';

const RUNTIME = '/services/haproxy/runtime';

type Row = Pick<Operation, 'method' | 'path' | 'summary' | 'success' | 'run'> & Partial<Operation>;

/** Operations of a subject; paths are from `/runtime`. */
export function runtimeRows(subject: string, rows: readonly Row[]): Operation[] {
  return rows.map((row) => ({
    group: `runtime ${subject}`,
    query: [],
    body: null,
    answer: row.success.includes(204) ? null : 'json',
    ...row,
    path: `${RUNTIME}${row.path}`,
  }));
}

/** Makes Changes; throws ApiError with what was answered when they are refused. */
export async function make({ service, requester }: Call, changes: readonly Change[]): Promise<void> {
  const { ok, text } = await service.balancer.change(changes, requester);
  if (!ok) throw refused(text);
}

/** The error for a Change that was refused, its status told from the text. */
function refused(text: string): ApiError {
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
