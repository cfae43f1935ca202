import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Journal, JournalEntry } from '../../change/journal/journal.ts';
import { journalPath } from '../../change/journal/state-dir.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import type { FleetResult } from '../events.ts';
import type { View } from '../operation.ts';
import { dateText, whoText, whyText } from '../operations/journal-text.ts';
import type { Meta } from '../target.ts';
import { openRunnerJournal, ownActor, runnerStateDir } from '../targets/open-haproxy.ts';
import { table } from '../text.ts';

/** What the journal calls all load balancers of an operation together; addresses are never like that. */
const TARGET = 'fleet';

/** How operations on several load balancers are recorded beside the Changes on each. */
export interface FleetRecord {
  /** Records that it begins. Resolves to what records how it ended. Throws OperationError `failed` when nothing can be recorded. */
  begin(
    meta: Meta,
    waves: readonly (readonly string[])[],
  ): Promise<(ok: boolean, text: string, results: readonly FleetResult[]) => Promise<void>>;
}

/** The journal of this machine's runners. */
export const runnerRecord: FleetRecord = {
  async begin(meta, waves) {
    const begun = performance.now();
    const origin = {
      ...({ surface: 'runner', from: hostname(), level: 'admin', actor: ownActor() } as const),
      ...{ operation: meta.operation, title: meta.title },
      ...(meta.reason === undefined ? {} : { reason: meta.reason }),
      ...(meta.ticket === undefined ? {} : { ticket: meta.ticket }),
      ...(meta.force ? { force: true as const } : {}),
    };
    const change = { kind: 'fleet.operation', waves } as const;
    const [attempt] = await recorded((journal) =>
      journal.attempt([{ target: TARGET, origin, change, before: '', after: '' }]),
    );
    return async (ok, text, results) => {
      const after = results.map(
        ({ target, ended, text: why }) => `${target}: ${ended}${why === '' ? '' : ` (${why})`}`,
      );
      const duration = performance.now() - begun;
      const outcome = { ok, severity: ok ? 6 : 3, text, duration, inverse: null, before: '', after: after.join('; ') };
      await recorded((journal) => journal.outcome([{ attempt: attempt!, ...outcome }]));
    };
  },
};

async function recorded<T>(work: (journal: Journal) => Promise<T>): Promise<T> {
  let journal: Journal | null = null;
  try {
    journal = openRunnerJournal(runnerStateDir());
    return await work(journal);
  } catch (error) {
    throw new OperationError('failed', `it cannot be recorded: ${(error as Error).message}`);
  } finally {
    await journal?.close();
  }
}

/** What was recorded of an operation on several load balancers: the last of attempt and outcome; null when it was none, or nothing can be read. */
async function fleetEntry(operation: string): Promise<JournalEntry | null> {
  if (!existsSync(journalPath(runnerStateDir()))) return null;
  try {
    return await recorded(async (journal) => (await journal.entries({ operation, target: TARGET })).at(-1) ?? null);
  } catch {
    return null;
  }
}

/** The whole of an operation on several load balancers as the history shows it; null when it was none. */
export async function fleetView(operation: string): Promise<View | null> {
  const entry = await fleetEntry(operation);
  if (entry === null) return null;
  const { origin, date, phase, text, after } = entry;
  const end = phase === 'attempt' ? 'how it ended is not recorded' : `${text}; ${after}`;
  const row = [dateText(date), whoText(origin), origin.title ?? '', end, whyText(origin)];
  return { records: [{ type: 'fleet', ...entry }], lines: table([row.map(shown)]) };
}

/** The load balancers of an operation on several; none when it was not. */
export async function fleetTargets(operation: string): Promise<readonly string[]> {
  const change = (await fleetEntry(operation))?.change;
  return change?.kind === 'fleet.operation' ? change.waves.flat() : [];
}
