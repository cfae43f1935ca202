import type { Change, Outcome } from '../../change/change.ts';
import type { EffectClass, Problem } from '../../change/context.ts';
import type { JournalEntry, Lease, Override } from '../../change/journal/journal.ts';
import { OperationError } from '../errors.ts';
import { stateOf } from '../state.ts';
import type { Applied, Ledger, Meta, Target } from '../target.ts';

/** How a socket is asked: the words of a command, its payload; the answer's severity (syslog) and text. */
export type Asker = (
  words: readonly string[],
  payload?: string,
) => Promise<{ readonly severity: number | null; readonly text: string }>;

/** What `change` answers for each Change: its outcome when it was tried, and what a preview says in any case. */
interface Result {
  readonly change: Change;
  readonly problems?: readonly Problem[];
  readonly warnings?: readonly string[];
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
  readonly results: readonly Result[];
  readonly failedAt: number;
  readonly text?: string;
  readonly lease?: Lease | null;
}

/** A running Sluice, by the commands of its socket. */
export function sluiceTarget(name: string, version: string, ask: Asker, close: () => Promise<void>): Target {
  const dump = async (...words: string[]) => (await ask(words)).text;
  const change = async (mode: 'preview' | 'apply', changes: readonly Change[], meta?: Meta) =>
    json<ChangeAnswer>(await ask(['change'], JSON.stringify({ changes, mode, meta })));
  return {
    name,
    product: 'sluice',
    version,
    state: async () =>
      stateOf(await dump('show', 'info'), await dump('show', 'stat'), await dump('show', 'servers', 'state')),
    async preview(changes) {
      const { results } = await change('preview', changes);
      return results.map(({ change, problems = [], warnings = [], before, after, effect }) => ({
        ...{ change, problems, warnings, before, after, effect },
        commands: [],
      }));
    },
    apply: async (changes, meta) => applied(await change('apply', changes, meta)),
    ledger: ledger(ask),
    close,
  };
}

function ledger(ask: Asker): Ledger {
  const answer = async <T>(...words: string[]) => json<T>(await ask(words));
  return {
    async history({ last, operation, object, since }) {
      const which = operation ?? object ?? (last === undefined ? [] : String(last));
      const entries = await answer<readonly JournalEntry[]>('show', 'changes', ...[which].flat(), 'json');
      const wanted = entries.filter(({ date }) => date >= (since ?? 0));
      return last === undefined ? wanted : wanted.slice(-last);
    },
    overrides: () => answer<readonly Override[]>('show', 'overrides', 'json'),
    leases: () => answer<readonly Lease[]>('show', 'leases', 'json'),
    undo: async (operation) => applied(await answer('undo', ...(operation === null ? [] : [operation]), 'json')),
    async confirm(operation) {
      const { severity, text } = await ask(['confirm', operation]);
      return { ok: severity === null || severity > ERR, failedAt: -1, outcomes: [], text, lease: null };
    },
  };
}

const ERR = 3;

function applied({ ok, results, failedAt, text, lease }: ChangeAnswer): Applied {
  const outcomes = results.map(
    (result): Outcome => ({
      ok: result.ok ?? false,
      severity: result.severity ?? ERR,
      text: result.text ?? result.problems?.[0]?.text ?? '',
      inverse: result.inverse ?? null,
    }),
  );
  return { ok, failedAt, outcomes, text: text ?? '', lease: lease ?? null };
}

/** The value that an answer holds. What is refused before it comes to the Changes (level, form) is told in words. */
function json<T>({ text }: { readonly text: string }): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new OperationError('refused', text.trim() || 'the load balancer gave no answer');
  }
}
