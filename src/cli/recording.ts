import { resolve } from 'node:path';
import { openReader } from '../change/journal/reader.ts';
import { journalPath } from '../change/journal/state-dir.ts';
import { ThreadedJournal } from '../change/journal/threaded.ts';
import { type Standing, standingOf } from '../change/standing.ts';
import type { Config } from '../config/types.ts';
import type { ControlOptions } from '../control/control.ts';
import type { Invocation } from './arguments.ts';
import type { StartupMessages } from './messages.ts';

/** Where Changes are recorded: without a state folder in memory, as long as the process runs. */
export function recording(
  { global: { uid, gid } }: Config,
  { stateDir, journalTrouble, finish, takeOver }: Invocation,
  messages: StartupMessages,
): Pick<ControlOptions, 'journal' | 'goOn' | 'predecessor'> {
  if (stateDir === null) return {};
  const path = resolve(stateDir);
  const goOn = journalTrouble === 'go-on';
  const otherwise = goOn ? 'are made all the same' : 'are refused';
  messages.notice(`changes are recorded in '${path}'; when they cannot be, they ${otherwise}`);
  const owner =
    uid === null && gid === null ? null : { uid: uid ?? process.geteuid!(), gid: gid ?? process.getegid!() };
  const onTrouble = (trouble: string | null) =>
    trouble === null ? messages.notice('journal : works again') : messages.warning(`journal : ${trouble}`);
  const journal = new ThreadedJournal({ stateDir: path, owner, onTrouble });
  const replaces = finish !== null || takeOver !== null;
  return replaces ? { journal, goOn, predecessor: () => readStanding(path) } : { journal, goOn };
}

/** What stands in the process that has the journal. Rejects with JournalError. */
async function readStanding(stateDir: string): Promise<Standing> {
  const reader = openReader(journalPath(stateDir));
  try {
    return await standingOf(reader);
  } finally {
    reader.close();
  }
}
