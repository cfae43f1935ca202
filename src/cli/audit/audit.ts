/** `sluice audit`: what was done, by whom, and whether the record of it is whole. */
import { JournalError } from '../../change/journal/error.ts';
import { type JournalReader, openReader } from '../../change/journal/reader.ts';
import { journalPath } from '../../change/journal/state-dir.ts';
import { exportRecords } from './export.ts';
import { list } from './list.ts';
import { type AuditOptions, AuditUsageError, parseOptions } from './options.ts';
import { show } from './show.ts';
import { verify } from './verify.ts';

/** Exit statuses: intact or done; broken, or nothing found; the journal or the command line cannot be read. */
const CANNOT = 2;

type Command = (reader: JournalReader, options: AuditOptions) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = { list, show, verify, export: exportRecords };

const USAGE = `Usage: sluice audit COMMAND [OPTION...]
  list                   what was done, a line each
  show SEQ|OPERATION     all that is known of an entry, or of an operation
  verify                 whether the chain is whole: nothing edited, removed, added or moved
  export                 all entries, for other programs

  --state-dir DIR        where the journal is
  --since T, --until T   dates (2026-11-21, 2026-11-21T10:02:03) or ages (30m, 2h, 7d)
  --operation ID, --object be_app[/app1], --target NAME, --actor NAME
  --last N               at most the newest N (list: 100 unless told)
  --json                 list, show, verify: a line of JSON each
  --format json|syslog|text    export: JSON lines, RFC 5424, as list has it
  --head SEQ:HASH        verify: an end of the chain that was kept elsewhere; may be given several times
  --anchor FILE          verify: file with the end of the chain, when it is not beside it
Exit status: 0 intact or done, 1 broken or nothing found, 2 the journal cannot be read
`;

/** Runs `sluice audit ...`. Resolves to the exit status. */
export async function audit(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const asked = ['help', '-h', '--help'].includes(name);
    (asked ? process.stdout : process.stderr).write(USAGE);
    return asked ? 0 : CANNOT;
  }
  try {
    const options = parseOptions(rest, Date.now());
    const reader = openReader(journalPath(options.stateDir), options.anchor);
    try {
      return await command(reader, options);
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof JournalError || error instanceof AuditUsageError)) throw error;
    process.stderr.write(
      `sluice: ${error.message}${error instanceof AuditUsageError ? '; see sluice audit help' : ''}\n`,
    );
    return CANNOT;
  }
}
