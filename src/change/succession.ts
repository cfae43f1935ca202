import { setTimeout as wait } from 'node:timers/promises';
import { inTurn } from './apply.ts';
import type { Conflict } from './conflicts.ts';
import type { ChangeContext } from './context.ts';
import { catchUp } from './resume.ts';

/** How long Changes wait for the process before to let go of the journal; later ones are refused until it does, ms. */
const PATIENCE = 5000;
/** How often it is tried while Changes wait, and after that, ms. */
const TRY_EVERY = 20;
const RETRY_EVERY = 500;

/** What a process does that was started while the one it replaces still had the journal. */
export interface Succession {
  /** Gets the journal; false while another process has it. Rejects with JournalError. */
  take(): Promise<boolean>;
  /** Tells operators. */
  print(severity: 'NOTICE' | 'WARNING', text: string): void;
  /** Ends the waiting: this process stops. */
  readonly signal: AbortSignal;
  readonly patience?: number;
}

/**
 * Waits until the process before lets go of the journal, then puts in force what was changed there since this one has read it. Changes
 * wait meanwhile, for a bounded time; after it they are refused, or made unrecorded (`goOn`). Resolves when the journal is this
 * process's own, or when the waiting is ended. Never rejects.
 */
export async function succeed(ctx: ChangeContext, conflicts: Conflict[], succession: Succession): Promise<void> {
  const { print, signal, patience = PATIENCE } = succession;
  const until = performance.now() + patience;
  let told: string | null = null;
  while (!signal.aborted) {
    const hindrance = await inTurn(ctx, () => attempt(ctx, conflicts, succession, until));
    if (hindrance === null) {
      if (told !== null) print('NOTICE', 'journal : it is this process that records changes now.');
      return;
    }
    if (hindrance !== told && !signal.aborted)
      print(
        'WARNING',
        `journal : ${hindrance}; changes ${ctx.goOn ? 'are made unrecorded' : 'are refused'} until then.`,
      );
    told = hindrance;
    await pause(RETRY_EVERY, signal);
  }
}

/** Why the journal is not ours yet, or null: tries until the patience is over. */
async function attempt(
  ctx: ChangeContext,
  conflicts: Conflict[],
  { take, print, signal }: Succession,
  until: number,
): Promise<string | null> {
  for (;;) {
    let hindrance: string;
    try {
      if (await take()) {
        for (const text of await catchUp(ctx, conflicts)) print('NOTICE', `${text}.`);
        return null;
      }
      hindrance = 'the process that is replaced has not let go of the journal';
    } catch (error) {
      hindrance = (error as Error).message;
    }
    if (signal.aborted || performance.now() >= until) return hindrance;
    await pause(TRY_EVERY, signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { ref: false, signal }).catch(() => {});
}
