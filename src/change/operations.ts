import { type ApplyOptions, applyBatch, type BatchOutcome } from './apply.ts';
import type { Change, Origin } from './change.ts';
import type { Conflict } from './conflicts.ts';
import { type ChangeContext, problem } from './context.ts';
import type { Journal, Override } from './journal/journal.ts';
import { rememberedChange } from './journal/kept-change.ts';
import { type Judged, unfit } from './judge.ts';
import { keyOf, type Layers } from './layers/attribute.ts';
import { layersOf, placesOf } from './layers/layers.ts';
import { leaseKeeper, settled } from './leases.ts';
import { permit } from './permit.ts';
import { named } from './policy/named.ts';
import { agreedToo, approved, type PendingRequest, pendingRequests } from './policy/pending.ts';
import { type Rehearsal, rehearse, startRehearsal } from './rehearsal.ts';
import { HERE, type Standing } from './standing.ts';
import { planUndo } from './undo.ts';

/** How long what an operation does is to last, ms: until it is taken back, or unless it is confirmed before. One of them at most. */
export interface Term {
  readonly for?: number;
  readonly confirmWithin?: number;
}

/** An attribute with all that is known of it. */
export interface Provenance extends Layers {
  readonly override: Override | null;
}

/** What surfaces do with several Changes at a time, and with what was changed before. Nothing here rejects but reading the journal. */
export interface Operations {
  /** Why nothing can be recorded, who keeps it, and whether Changes are made all the same. */
  readonly journal: Journal;
  readonly goOn: boolean;
  readonly standing: Standing;
  readonly conflicts: readonly Conflict[];
  /** Makes all Changes or none, as one operation. */
  apply(changes: readonly Change[], origin: Origin, term?: Term): Promise<BatchOutcome>;
  /** What would become of Changes, each on top of those before it. */
  preview(changes: readonly Change[]): Promise<readonly Judged[]>;
  /** A model to try Changes on, one after the other. */
  rehearsal(): Rehearsal;
  /** Takes an operation back, or the last one that was not taken back yet (null), if all is as it left it. */
  undo(operation: string | null, origin: Origin): Promise<BatchOutcome>;
  /** What an operation did stays, although it was to be taken back unless confirmed. */
  confirm(operation: string, origin: Origin): Promise<BatchOutcome>;
  /** What waits for a second person's approval, oldest first. Rejects with JournalError. */
  requests(): Promise<readonly PendingRequest[]>;
  /** Asks the policy about all Changes of an operation of several steps before the first is made; see `permit`. */
  permit(changes: readonly Change[], steps: number, origin: Origin, term?: Term): Promise<BatchOutcome>;
  /** Makes what somebody else asked for, if the policy lets this one agree to it: all at once, or one step of several. */
  approve(operation: string, origin: Origin, step?: readonly Change[]): Promise<BatchOutcome>;
  /** What an override or a lease refers to by its hash, as JSON: private keys, keys of tickets. null: there is nothing. */
  kept(hash: string): Promise<string | null>;
  /** The attributes of an object by name (`be_app/app1`, `be_app`, `global`, `proc.x`); empty when there is none. */
  provenance(object: string): Provenance[];
}

/** Operations with the timers of the leases. */
export interface RunningOperations extends Operations {
  /** Leases have come, or gone, without these operations. */
  leasesChanged(): void;
  close(): void;
}

/** Operations on a running process. */
export function createOperations(ctx: ChangeContext, conflicts: Conflict[]): RunningOperations {
  const leases = leaseKeeper(ctx, conflicts);
  const run = async (changes: readonly Change[], origin: Origin, options: ApplyOptions): Promise<BatchOutcome> => {
    const outcome = await applyBatch(changes, ctx, origin, options);
    leases.watch();
    return outcome;
  };
  let approvals: Promise<unknown> = Promise.resolve();
  async function approve(operation: string, origin: Origin, step: readonly Change[] | null): Promise<BatchOutcome> {
    const gate = ctx.gate();
    if (gate === null) return refusal('there is no policy, so nothing waits for approval', { ...origin, operation });
    const byName = (change: Change) => named(change, ctx.model);
    const approval = { target: HERE, operation, origin, step, byName, recorded: (change: Change) => change };
    const found = await approved(gate, ctx.journal, approval, ctx.states.now()).catch((error: Error) => error.message);
    if (typeof found === 'string') return refusal(found, { ...origin, operation });
    return run(found.changes.map(rememberedChange), found.origin, termOf(found.origin.term ?? {}, ctx.states.now()));
  }
  leases.watch();
  return {
    journal: ctx.journal,
    goOn: ctx.goOn,
    standing: ctx.standing,
    conflicts,
    apply: (changes, origin, term = {}) => run(changes, withTerm(origin, term), termOf(term, ctx.states.now())),
    preview: (changes) => rehearse(changes, ctx),
    rehearsal: () => startRehearsal(ctx),
    async undo(operation, origin) {
      const plan = await planUndo(operation, ctx).catch((error: Error) => ({ problem: error.message }));
      if ('problem' in plan) return refusal(plan.problem, origin);
      const { id, steps, made } = plan;
      const effects = settled(ctx.standing, id);
      const approvedBy = agreedToo(ctx.gate(), made, origin, ctx.states.now());
      const titled = { title: `undo ${id}`, ...origin, undoes: id, ...(approvedBy ? { approvedBy } : {}) };
      return run(
        steps.map(({ inverse }) => inverse),
        titled,
        { expect: steps.map(({ after }) => after), effects },
      );
    },
    confirm: (operation, origin) =>
      run(
        [{ kind: 'lease.confirm', operation }],
        { title: `confirm ${operation}`, ...origin },
        {
          effects: settled(ctx.standing, operation),
        },
      ),
    requests: async () => {
      const gate = ctx.gate();
      return gate === null ? [] : pendingRequests(ctx.journal, HERE, gate.policy.approvalExpires, ctx.states.now());
    },
    permit: (changes, steps, origin, term = {}) => permit(changes, steps, ctx, withTerm(origin, term)),
    approve(operation, origin, step) {
      // One after the other: what two people agree to at once is made once.
      const turn = approvals.then(() => approve(operation, origin, step ?? null));
      approvals = turn.catch(() => undefined);
      return turn;
    },
    kept: (hash) => ctx.keeper.text(hash),
    provenance: (object) =>
      placesOf(object, ctx.model).flatMap((place) => {
        const layers = layersOf(place, ctx.model);
        return layers ? [{ ...layers, override: ctx.standing.override(keyOf(place)) ?? null }] : [];
      }),
    leasesChanged: () => leases.watch(),
    close: () => leases.close(),
  };
}

function withTerm(origin: Origin, term: Term): Origin {
  return term.for === undefined && term.confirmWithin === undefined ? origin : { ...origin, term };
}

function termOf(term: Term, now: number): ApplyOptions {
  if (term.for !== undefined) return { lease: { kind: 'expire', until: now + term.for } };
  return term.confirmWithin === undefined ? {} : { lease: { kind: 'confirm', until: now + term.confirmWithin } };
}

/** Nothing was tried. */
function refusal(text: string, { operation = '' }: Origin): BatchOutcome {
  const found = problem(text);
  const judged = unfit({ kind: 'lease.confirm', operation }, [found]);
  const outcomes = [{ ok: false, ...found, inverse: null }];
  return { ok: false, operation, judged: [judged], outcomes, failedAt: 0, warnings: [], lease: null };
}
