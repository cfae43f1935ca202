import { hostname } from 'node:os';
import type { JournalRecord } from '../../change/journal/journal.ts';
import type { JournalReader } from '../../change/journal/reader.ts';
import { syslogLine } from '../../change/journal/syslog-line.ts';
import { textLine } from '../../change/journal/text-line.ts';
import { shownJson } from '../../util/shown.ts';
import type { AuditOptions } from './options.ts';
import { writeLines } from './output.ts';

/** Attempts, outcomes and notes, oldest first, for other programs. */
export async function exportRecords(reader: JournalReader, { query, format }: AuditOptions): Promise<number> {
  const sender = { host: hostname(), pid: process.pid };
  const write: Readonly<Record<AuditOptions['format'], (record: JournalRecord) => string>> = {
    json: shownJson,
    syslog: (record) => syslogLine(record, sender),
    text: textLine,
  };
  await writeLines(reader.records(query).map(write[format]));
  return 0;
}
