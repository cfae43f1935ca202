import { setTimeout as sleep } from 'node:timers/promises';
import { newOperationId } from '../change/operation-id.ts';
import type { Target } from './target.ts';

/** Longest pause between two looks, ms: leases may be confirmed, and others may be made. */
const LOOK_MS = 5_000;
/** How long a lease that cannot be taken back is tried, ms after its end. */
const PATIENCE_MS = 86_400_000;

/** Takes back what is due. Resolves with a line for each lease; nothing where the target does it itself. */
export async function takeBackDue(target: Target): Promise<readonly string[]> {
  if (!target.dueLeases || !target.takeBack) return [];
  const told: string[] = [];
  for (const lease of await target.dueLeases(Date.now())) {
    const title = `end of ${lease.origin.title ?? lease.id}`;
    const meta = { operation: newOperationId(), title, undoes: lease.id };
    const { ok, text, outcomes } = await target.takeBack(lease, meta);
    const refusals = outcomes.filter((outcome) => !outcome.ok).map((outcome) => outcome.text);
    const why = [text, ...refusals].filter((part) => part !== '').join('; ');
    told.push(`${ok ? 'taken back' : 'could not be taken back'}: ${title}${why === '' ? '' : ` (${why})`}`);
  }
  return told;
}

/** How often the journal may be unreadable, one after the other, before it is given up: nobody knows then what is due. */
const UNREADABLE = 5;

/** Takes back what becomes due, until no lease is left or nothing can be done for a day. Rejects when the journal cannot be read. */
export async function keepLeases(target: Target, signal: AbortSignal, note: (text: string) => void): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    let next = LOOK_MS;
    try {
      const left = (await target.ledger.leases()).filter(({ until }) => until > Date.now() - PATIENCE_MS);
      failures = 0;
      if (left.length === 0) return;
      next = Math.min(...left.map(({ until }) => until - Date.now()));
    } catch (error) {
      if (++failures === UNREADABLE) throw error;
    }
    if (next <= 0) {
      // The load balancer may be away for a while: what is due is due when it is back.
      const told = await takeBackDue(target).catch((error: unknown) => [String(error)]);
      for (const text of told) note(text);
      next = told.every((text) => text.startsWith('taken back')) ? 0 : LOOK_MS;
    }
    await sleep(Math.min(next, LOOK_MS), undefined, { signal }).catch(() => undefined);
  }
}
