import { resolve } from 'node:path';
import { keeper, secretsOnly } from '../change/journal/keeper.ts';
import { patientStore } from '../change/journal/kept-store.ts';
import { secretsIn } from '../change/journal/state-dir.ts';
import { ThreadedJournal } from '../change/journal/threaded.ts';
import type { Config } from '../config/types.ts';
import type { ControlOptions } from '../control/types.ts';
import type { Invocation } from './arguments.ts';
import type { StartupMessages } from './messages.ts';

/** ms */
const DAY = 86_400_000;

/** Where Changes are recorded: without a state folder in memory, as long as the process runs. */
export function recording(
  { global: { uid, gid } }: Config,
  { stateDir, journalTrouble, journalKeep, journalKeepDays, finish, takeOver }: Invocation,
  messages: StartupMessages,
): Pick<ControlOptions, 'journal' | 'keeper' | 'goOn' | 'takeJournal'> {
  if (stateDir === null) return {};
  const path = resolve(stateDir);
  const goOn = journalTrouble === 'go-on';
  const otherwise = goOn ? 'are made all the same' : 'are refused';
  messages.notice(`changes are recorded in '${path}'; when they cannot be, they ${otherwise}`);
  const owner =
    uid === null && gid === null ? null : { uid: uid ?? process.geteuid!(), gid: gid ?? process.getegid!() };
  const onTrouble = (trouble: string | null) =>
    trouble === null ? messages.notice('journal : works again') : messages.warning(`journal : ${trouble}`);
  // The process that this one replaces has it still.
  const waits = takeOver !== null || (finish?.pids.length ?? 0) > 0;
  const keeps = { keepEntries: journalKeep, keepAge: journalKeepDays * DAY };
  const journal = new ThreadedJournal({ stateDir: path, owner, onTrouble, waits, ...keeps });
  const folder = secretsIn(path, owner);
  const secrets = keeper(goOn ? patientStore(folder) : folder, secretsOnly);
  return { journal, keeper: secrets, goOn, ...(waits ? { takeJournal: () => journal.take() } : {}) };
}
