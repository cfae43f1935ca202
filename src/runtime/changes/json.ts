import type { BatchOutcome } from '../../change/apply.ts';
import type { Change } from '../../change/change.ts';
import type { JournalEntry, Lease, Override } from '../../change/journal/journal.ts';
import { keptChange } from '../../change/journal/kept-change.ts';
import type { Judged } from '../../change/judge.ts';
import type { Provenance } from '../../change/operations.ts';
import { type Answer, dump } from '../answer.ts';

/** One JSON value on one line. */
export function json(value: unknown): Answer {
  return dump(`${JSON.stringify(value)}\n`);
}

/** A request that could not be understood. */
export function jsonError(text: string): Answer {
  return json({ ok: false, operation: null, results: [], failedAt: -1, lease: null, error: text });
}

/** The answer to Changes that were tried. */
export function outcomeJson({ ok, operation, judged, outcomes, failedAt, warnings, lease }: BatchOutcome): unknown {
  const results = judged.map((one, i) => ({
    ...judgedJson(one),
    warnings: [...one.warnings, ...warnings],
    ...outcomes[i],
    inverse: shown(outcomes[i]?.inverse ?? null),
  }));
  return { ok, operation, results, failedAt, lease: lease && leaseJson(lease) };
}

/** The answer to Changes that were only looked at, in the same shape. */
export function previewJson(judged: readonly Judged[]): unknown {
  const failedAt = judged.findIndex(({ problems }) => problems.length > 0);
  const results = judged.map((one) => ({
    ...judgedJson(one),
    ok: one.problems.length === 0,
    severity: one.problems[0]?.severity ?? 6,
    text: one.problems[0]?.text ?? '',
    inverse: null,
  }));
  return { ok: failedAt < 0, operation: null, results, failedAt, lease: null };
}

function judgedJson({ change, ...found }: Judged): object {
  return { change: shown(change), ...found };
}

export function overrideJson(override: Override): object {
  return { ...override, change: shown(override.change) };
}

export function leaseJson(lease: Lease): object {
  const steps = lease.steps.map(({ change, after, inverse }) => ({
    change: shown(change),
    after,
    inverse: shown(inverse),
  }));
  return { ...lease, steps };
}

export function entryJson(entry: JournalEntry): object {
  return { ...entry, change: shown(entry.change), inverse: shown(entry.inverse) };
}

export function provenanceJson({ make: _, restore: __, override, ...layers }: Provenance): object {
  return { ...layers, override: override && overrideJson(override) };
}

/** A Change as it may be read by others: without private keys, keys of tickets, and the key that dynamic cookies are made with. */
function shown(change: Change | null): Change | null {
  if (change === null) return null;
  return change.kind === 'backend.dynamic-cookie-key' ? { ...change, key: '(secret)' } : keptChange(change);
}
