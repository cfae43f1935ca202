/** The thread that the journal of a server process lives in: a disk that is slow, or hangs, holds up nothing else. */
import { parentPort, workerData } from 'node:worker_threads';
import { JournalError } from './error.ts';
import { type LocalJournal, openLocalJournal } from './local.ts';
import type { ThreadAnswer, ThreadCall, ThreadInit } from './threaded.ts';

const port = parentPort!;
const tell = (answer: ThreadAnswer): void => port.postMessage(answer);

const journal: LocalJournal = openLocalJournal({
  ...(workerData as ThreadInit),
  onTrouble: (trouble) => tell({ trouble: trouble === null ? null : { code: trouble.code, message: trouble.message } }),
});

port.on('message', ({ id, call, args }: ThreadCall) => {
  const work = journal[call] as (...args: readonly unknown[]) => Promise<unknown>;
  work(...args).then(
    (value) => tell({ id, value }),
    (error: Error) => tell({ id, code: error instanceof JournalError ? error.code : 'io', message: error.message }),
  );
});
tell({ trouble: journal.trouble === null ? null : { code: journal.troubleCode!, message: journal.trouble } });
