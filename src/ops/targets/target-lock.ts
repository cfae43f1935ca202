import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { JournalError } from '../../change/journal/error.ts';
import { takeLock } from '../../change/journal/lock.ts';

/** How long another runner is waited for, and how often it is tried, ms. */
const PATIENCE = 10_000;
const EVERY = 50;

/**
 * Holds a target against other runners of the same state folder until the returned function is called or the process ends. Rejects with the reason
 * when another one holds it for longer than `patience` ms.
 */
export async function lockTarget(folder: string, target: string, patience = PATIENCE): Promise<() => void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${encodeURIComponent(target)}.lock`);
  const end = performance.now() + patience;
  for (;;) {
    try {
      return takeLock(path);
    } catch (error) {
      if (!(error instanceof JournalError) || error.code !== 'in-use') throw error;
      const who = /by (process \d+|another process)/.exec(error.message)?.[1] ?? 'another process';
      if (performance.now() > end) throw new Error(`${who} is changing ${target}: try again when it has ended`);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
}
