/** Single entries of the `traces` section, which have no name and no place: they are told by their text. */

import Type from 'typebox';
import { isRefusal } from '../edit/problem.ts';
import { readSection, replaceSection } from '../edit/section.ts';
import type { Documents } from '../edit/sections.ts';
import { sectionNamed } from '../edit/sections.ts';
import { sectionKind } from '../kinds/sections.ts';
import { ApiError, orThrow } from '../service/error.ts';
import { type Operation, WRITE_QUERY } from './operation.ts';
import { write } from './write.ts';

const TRACES = sectionKind('traces')!;
const ENTRY = Type.Object({ trace: Type.String({ minLength: 1 }) }, { additionalProperties: false });

interface Entry {
  readonly trace: string;
}

function entries(documents: Documents): readonly Entry[] {
  const found = sectionNamed(documents, TRACES, '');
  if (isRefusal(found)) return [];
  return (readSection(TRACES, documents, found, false)['entries'] ?? []) as readonly Entry[];
}

function operation(
  method: 'POST' | 'DELETE',
  summary: string,
  change: (all: readonly Entry[], entry: Entry) => readonly Entry[],
): Operation {
  const status = method === 'POST' ? 201 : 204;
  return {
    method,
    path: '/services/haproxy/configuration/traces/entries',
    group: 'traces',
    summary,
    query: WRITE_QUERY,
    body: { schema: ENTRY },
    success: [status, 202],
    answer: method === 'POST' ? 'json' : null,
    run: (call) => {
      const entry = call.body as Entry;
      return write(call, {
        edit: (documents) =>
          orThrow(replaceSection(TRACES, documents, '', { entries: change(entries(documents), entry) }, false)),
        current: (documents) => entries(documents).find(({ trace }) => trace === entry.trace) ?? null,
        answer: () => entry,
        status,
      });
    },
  };
}

export const TRACE_OPERATIONS: readonly Operation[] = [
  operation('POST', 'adds a trace entry', (all, entry) => [...all, entry]),
  operation('DELETE', 'removes a trace entry', (all, entry) => {
    const left = all.filter(({ trace }) => trace !== entry.trace);
    if (left.length === all.length) throw new ApiError(404, `there is no trace entry '${entry.trace}'`);
    return left;
  }),
];
