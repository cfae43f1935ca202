import type { Print } from '../control/types.ts';
import { inTurn } from './apply.ts';
import type { Conflict } from './conflicts.ts';
import type { ChangeContext } from './context.ts';
import type { Journal } from './journal/journal.ts';
import { memoryJournal } from './journal/memory.ts';
import { succeed } from './succession.ts';

/** What Changes are answered once the journal was let go. */
const RETIRED =
  'this process is stopping and has let go of its journal: nothing was changed; connect again to reach the process that takes over';

/** The time that this process has the journal: from the process before, until another one takes over. */
export interface JournalTenure {
  readonly journal: Journal;
  /** Why this process makes no Changes any more, for operators; null while it does. */
  retired(): string | null;
  /** Whether the journal is this process's own; when nobody can tell, reading it tells why. Never rejects. */
  begin(): Promise<boolean>;
  /** Where `begin` said no: waits for the process before. Whether the journal is this process's own then. Never rejects. */
  succeed(ctx: ChangeContext, conflicts: Conflict[]): Promise<boolean>;
  /**
   * Lets the journal go, for the process that takes over, once the Changes that were asked for before are recorded; `last` is called
   * then. Without a journal on disk there is nothing to hand over.
   */
  retire(ctx: ChangeContext, last: () => void): Promise<void>;
  /** Closes the journal. */
  close(): Promise<void>;
  /** Waits for the process before no longer. */
  endWaiting(): void;
}

/** `journal` left out: in memory alone. `take`: gets it from the process that this one replaces, false while that one has it still. */
export function createJournalTenure({
  journal: kept,
  take,
  print,
}: {
  readonly journal: Journal | undefined;
  readonly take: (() => Promise<boolean>) | undefined;
  readonly print: Print;
}): JournalTenure {
  const journal = kept ?? memoryJournal();
  const waiting = new AbortController();
  let retired: string | null = null;
  return {
    journal,
    retired: () => retired,
    begin: async () => (await take?.().catch(() => true)) ?? true,
    async succeed(ctx, conflicts) {
      await succeed(ctx, conflicts, { take: take!, print, signal: waiting.signal });
      return !waiting.signal.aborted;
    },
    async retire(ctx, last) {
      if (kept === undefined) return;
      waiting.abort();
      await inTurn(ctx, async () => {
        retired = RETIRED;
        last();
        await journal.close();
      });
    },
    endWaiting: () => waiting.abort(),
    close: () => journal.close(),
  };
}
