import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Change, Origin } from '../../../src/change/change.ts';
import type { Attempt, OutcomeRecord } from '../../../src/change/journal/journal.ts';
import { type LocalJournal, type LocalOptions, openLocalJournal } from '../../../src/change/journal/local.ts';
import { type JournalOptions, ThreadedJournal } from '../../../src/change/journal/threaded.ts';

/** A server of be_app that is drained. */
export function drain(server: string): Change {
  return { kind: 'server.state', backend: 'be_app', server, to: 'drain' };
}

/** An attempt to drain a server, by somebody. */
export function attempt(
  server: string,
  who: Omit<Partial<Origin>, 'actor'> & { readonly actor?: string } = {},
): Attempt {
  const { actor, ...rest } = who;
  const origin: Origin = {
    surface: 'cli-socket',
    from: '/run/test.sock',
    level: 'admin',
    ...rest,
    ...(actor === undefined ? {} : { actor: { name: actor, uid: 1000, pid: 1, sudoUser: null } }),
  };
  return { target: '', origin, change: drain(server), before: 'ready', after: 'drain' };
}

/** Success of an attempt. */
export function outcome(seq: number, fields: Partial<OutcomeRecord> = {}): OutcomeRecord {
  const inverse: Change = { kind: 'server.state', backend: 'be_app', server: 'app1', to: 'ready' };
  return {
    attempt: seq,
    ok: true,
    severity: 6,
    text: '',
    duration: 1,
    inverse,
    before: 'ready',
    after: 'drain',
    ...fields,
  };
}

/** A folder for one test, gone after it. */
export function stateDir(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-journal-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The journal of a folder in this thread, closed after the test. */
export function localJournal(t: TestContext, folder: string, options: Partial<LocalOptions> = {}): LocalJournal {
  const path = join(folder, 'journal.db');
  const journal = openLocalJournal({ path, exclusive: true, keepEntries: 0, keepAge: 0, probeEvery: 0, ...options });
  t.after(() => journal.close());
  return journal;
}

/** The journal of a folder in its thread, closed after the test. */
export function threadedJournal(
  t: TestContext,
  folder: string,
  options: Partial<JournalOptions> = {},
): ThreadedJournal {
  const journal = new ThreadedJournal({ stateDir: folder, owner: null, keepEntries: 0, keepAge: 0, ...options });
  t.after(() => journal.close());
  return journal;
}

/** Tries until it holds, for at most 10 s. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come true in 10 s');
    await setTimeout(20);
  }
}
