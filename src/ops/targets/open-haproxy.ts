import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Actor } from '../../change/change.ts';
import type { Journal } from '../../change/journal/journal.ts';
import { openLocalJournal } from '../../change/journal/local.ts';
import { defaultStateDir, journalPath, prepareStateDir } from '../../change/journal/state-dir.ts';
import type { RuntimeClient } from '../../client/index.ts';
import { type HaproxyTarget, openHaproxy } from './haproxy.ts';
import { runnerGate } from './runner-gate.ts';

/** Where the journals, overrides and leases of HAProxys are kept: not in the folder of a Sluice, which has its journal to itself. */
export function runnerStateDir(): string {
  return join(defaultStateDir(), 'targets');
}

/**
 * The HAProxy behind a client as a target, with the journal in `stateDir`. Nothing is written before something is asked of the journal, so that looking needs
 * no rights to that folder. Closing the target closes client and journal. Rejects with a RuntimeClientError when HAProxy gives no whole answer.
 */
export async function openHaproxyTarget(
  name: string,
  address: string,
  client: RuntimeClient,
  stateDir: string = runnerStateDir(),
): Promise<HaproxyTarget> {
  const journal = whenAsked(() => openRunnerJournal(stateDir));
  const target = await openHaproxy({
    name,
    address,
    client,
    journal,
    actor: ownActor(),
    folder: stateDir,
    gate: await runnerGate(),
  });
  const close = async () => {
    await target.close();
    await journal.close();
  };
  return {
    ...target,
    get client() {
      return target.client;
    },
    close,
  };
}

/** The journal that runners and agents share. Throws what hinders it. */
export function openRunnerJournal(stateDir: string): Journal {
  prepareStateDir(stateDir, null);
  return openLocalJournal({ path: journalPath(stateDir), exclusive: false, keepEntries: 0, keepAge: 0, probeEvery: 0 });
}

/** A journal that is opened by the first call. What hinders that is its trouble. */
function whenAsked(open: () => Journal): Journal {
  let opened: Journal | null = null;
  let hindered: string | null = null;
  const journal = () => {
    try {
      opened ??= open();
      hindered = null;
      return opened;
    } catch (error) {
      hindered = (error as Error).message;
      throw error;
    }
  };
  return {
    get trouble() {
      try {
        return journal().trouble;
      } catch {
        return hindered;
      }
    },
    get troubleCode() {
      return opened?.troubleCode ?? null;
    },
    attempt: async (attempts) => journal().attempt(attempts),
    outcome: async (outcomes, effects) => journal().outcome(outcomes, effects),
    entries: async (query) => journal().entries(query),
    overrides: async (target) => journal().overrides(target),
    leases: async (target) => journal().leases(target),
    close: async () => opened?.close(),
  };
}

/** Who runs this process; `SUDO_USER` counts for root alone. */
export function ownActor(): Actor {
  const uid = process.getuid!();
  const sudo = uid === 0 ? process.env['SUDO_USER'] : undefined;
  return { name: accountName(uid), uid, pid: process.pid, sudoUser: sudo ?? null };
}

/** The account's name, or its number where it has none. */
function accountName(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${uid}`;
  }
}
