import type { JournalRecord } from '../../change/journal/journal.ts';
import type { JournalReader } from '../../change/journal/reader.ts';
import { textLine } from '../../change/journal/text-line.ts';
import { shownJson } from '../../util/shown.ts';
import type { AuditOptions } from './options.ts';
import { writeLines } from './output.ts';

const LAST = 100;

/** What was done, oldest first: outcomes, attempts that have none, notes. */
export async function list(reader: JournalReader, { query, json }: AuditOptions): Promise<number> {
  await writeLines(lines(reader.records({ ...query, last: query.last ?? LAST, answered: false }), json));
  return 0;
}

function* lines(records: Iterable<JournalRecord>, json: boolean): Generator<string> {
  for (const record of records) yield json ? shownJson(record) : textLine(record);
}
