import type { Change, Kept, Outcome } from '../../change/change.ts';
import type { Problem } from '../../change/context.ts';
import type { JournalEntry, Lease, Override } from '../../change/journal/journal.ts';
import type { EffectClass } from '../../change/kinds.ts';
import type { PendingRequest } from '../../change/policy/pending.ts';
import type { Answer, RuntimeClient } from '../../client/index.ts';
import { OperationError } from '../errors.ts';
import { readState } from '../state.ts';
import { type Applied, type Layers, type Ledger, type Meta, NOTHING_KEPT, type Target } from '../target.ts';
import { processFacts } from './process-facts.ts';
import { sluiceInstallation } from './sluice-installation.ts';

/** What `change` answers for each Change: its outcome when it was tried, and what a preview says in any case. */
interface Result {
  readonly change: Change;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  readonly before: string;
  readonly after: string;
  readonly effect: EffectClass;
  readonly ok?: boolean;
  readonly severity?: number;
  readonly text?: string;
  readonly inverse?: Change | null;
}

interface ChangeAnswer {
  readonly ok: boolean;
  readonly operation: string | null;
  readonly results: readonly Result[];
  readonly failedAt: number;
  readonly lease: Lease | null;
  /** Of a request that was not understood. */
  readonly error?: string;
}

/** A running Sluice, by the commands of its socket. */
export function sluiceTarget(name: string, client: RuntimeClient): Target {
  const change = async (mode: 'preview' | 'apply' | 'permit', changes: readonly Change[], meta?: object) => {
    const payload = JSON.stringify({ changes, mode, meta });
    return json<ChangeAnswer>(await client.run(['change'], { payload }));
  };
  return {
    name,
    product: 'sluice',
    version: client.version.text,
    client,
    state: () => readState((words) => client.run(words)),
    async preview(changes) {
      const { results, error } = await change('preview', changes);
      if (error !== undefined) throw new OperationError('refused', error);
      return results.map(({ change, problems, warnings, before, after, effect }) => ({
        ...{ change, problems, warnings, before, after, effect },
        commands: [],
      }));
    },
    async apply(changes, meta) {
      const { operation, approves } = meta;
      return applied(await change('apply', changes, approves ? { operation, approves } : told(meta)));
    },
    permit: async (changes, steps, meta) => applied(await change('permit', changes, { ...told(meta), steps })),
    ledger: ledger(client),
    layers: async (object) => layersOf(await client.command(['show', 'provenance', object, 'json'])),
    kept: () => NOTHING_KEPT,
    installation: async () => sluiceInstallation(processFacts(client.pid)),
    close: async () => client.close(),
  };
}

/** Longest title that is kept, characters. */
const LONGEST = 500;

/** What is said of Changes. */
function told({ operation, title, reason, ticket, for: time, confirmWithin, force }: Meta) {
  return { operation, title: title.slice(0, LONGEST), reason, ticket, for: time, confirmWithin, force };
}

function ledger(client: RuntimeClient): Ledger {
  const ask = async <T>(...words: string[]) => json<T>(await client.run([...words]));
  return {
    async history({ last, operation, object, since = 0, until = Number.POSITIVE_INFINITY, phase }) {
      // A number and a name do not go together there: of a name the last 20 are told.
      const which = operation ?? object ?? (last === undefined ? null : String(last));
      const entries = await ask<readonly JournalEntry[]>('show', 'changes', ...(which === null ? [] : [which]), 'json');
      const wanted = entries.filter((entry) => entry.date >= since && entry.date < until);
      const phased = phase === undefined ? wanted : wanted.filter((entry) => entry.phase === phase);
      return last === undefined ? phased : phased.slice(-last);
    },
    overrides: () => ask<readonly Override[]>('show', 'overrides', 'json'),
    async whole(change) {
      const members = Object.entries(change).map(async ([name, value]) => [
        name,
        isKept(value) ? await ask('show', 'kept', value.kept) : value,
      ]);
      return Object.fromEntries(await Promise.all(members)) as Change;
    },
    leases: () => ask<readonly Lease[]>('show', 'leases', 'json'),
    async undo(operation, { reason, ticket }) {
      const words = [...(operation === null ? [] : [operation]), ...(ticket === undefined ? [] : ['ticket', ticket])];
      return applied(await ask('undo', ...words, 'json', ...(reason === undefined ? [] : ['reason', reason])));
    },
    confirm: async (operation) => applied(await ask('confirm', operation, 'json')),
    requests: () => ask<readonly PendingRequest[]>('show', 'requests', 'json'),
    approve: async (operation) => applied(await ask('approve', operation, 'json')),
  };
}

function isKept(value: unknown): value is Kept {
  return typeof value === 'object' && value !== null && 'kept' in value && typeof value.kept === 'string';
}

/** What the answer to `show provenance` holds; an object that is not there is told by who looks for it next. */
function layersOf(answer: Answer): readonly Layers[] {
  return answer.text.startsWith('[') ? json<readonly Layers[]>(answer.text) : [];
}

const ERR = 3;

function applied({ ok, operation, results, failedAt, lease, error }: ChangeAnswer): Applied {
  const outcomes = results.map(
    (result): Outcome => ({
      ok: result.ok ?? false,
      severity: result.severity ?? ERR,
      text: result.text ?? result.problems[0]?.text ?? '',
      inverse: result.inverse ?? null,
    }),
  );
  const id = operation === null ? {} : { operation };
  return { ok, failedAt, outcomes, text: error ?? '', lease, ...id };
}

/** The value that an answer holds. What is refused before it comes to the Changes (level, form) is told in words. */
function json<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new OperationError('refused', text.trim() || 'the load balancer gave no answer');
  }
}
