import type { JournalRecord } from '../../change/journal/journal.ts';
import type { JournalReader } from '../../change/journal/reader.ts';
import { textLine } from '../../change/journal/text-line.ts';
import { shown, shownJson } from '../../util/shown.ts';
import { type AuditOptions, AuditUsageError } from './options.ts';
import { writeLines } from './output.ts';

/** All that is known of one entry or of the entries of an operation. */
export async function show(reader: JournalReader, { words, json }: AuditOptions): Promise<number> {
  const [wanted, ...more] = words;
  if (wanted === undefined || more.length > 0)
    throw new AuditUsageError('show expects one number of an entry, or one id of an operation');
  const records = /^\d{1,15}$/.test(wanted)
    ? [reader.record(Number(wanted))].filter((record) => record !== null)
    : [...reader.records({ operation: wanted })];
  if (records.length === 0) {
    process.stderr.write(`sluice: no entry has the number or operation '${shown(wanted)}'\n`);
    return 1;
  }
  await writeLines(records.map((record) => (json ? shownJson(record) : details(record))));
  return 0;
}

/** The line of the entry, and below it each of its facts. */
function details(record: JournalRecord): string {
  const facts: [string, unknown][] = [];
  for (const [name, value] of Object.entries(record)) {
    if (name === 'origin') facts.push(...Object.entries(value as object));
    else facts.push([name, value]);
  }
  const rows = facts
    .filter(([, value]) => value !== null && value !== '')
    .map(
      ([name, value]) =>
        `  ${`${shown(name)}:`.padEnd(11)}${typeof value === 'string' ? shown(value) : shownJson(value)}`,
    );
  return [textLine(record), ...rows].join('\n');
}
