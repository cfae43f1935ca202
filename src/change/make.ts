import type { Change, Origin, Outcome } from './change.ts';
import { type ChangeContext, failed, problem } from './context.ts';
import { broken } from './judge.ts';
import { type Touched, touchedBy } from './layers/touched.ts';
import { rowOf } from './table.ts';

/** What making several Changes brought. */
export interface Made {
  readonly outcomes: readonly Outcome[];
  /** What they did to the layers; empty when they were taken back. */
  readonly touched: readonly Touched[];
  /** Position of the one that failed, -1 when all were made. */
  readonly failedAt: number;
}

/** Makes Changes in the model and then, in one message, in all threads. When one fails, nothing is left of those before it. */
export async function make(changes: readonly Change[], ctx: ChangeContext, origin: Origin): Promise<Made> {
  // A reload speaks with the threads step by step.
  if (!changes.some(({ kind }) => kind === 'config.reload')) ctx.traffic.hold();
  const outcomes: Outcome[] = [];
  const touched: Touched[] = [];
  for (const [i, change] of changes.entries()) {
    const outcome = await makeOne(change, ctx, origin, touched);
    if (!outcome.ok) return giveUp(changes, outcomes, outcome, i, ctx);
    outcomes.push(outcome);
  }
  try {
    await send(ctx);
  } catch (error) {
    const last = changes.length - 1;
    return giveUp(changes, outcomes, failed(broken(changes[last]!, error)), last, ctx);
  }
  return { outcomes, touched, failedAt: -1 };
}

/** Takes back what was made, last first, in one message to the threads. */
export async function takeBack(made: readonly Outcome[], ctx: ChangeContext): Promise<void> {
  ctx.traffic.hold();
  ctx.traffic.spareStreams();
  for (const { inverse } of made.toReversed())
    if (inverse) await makeOne(inverse, ctx, { surface: 'roll-back', from: '', level: 'admin' });
  try {
    await send(ctx);
  } catch {
    // The thread that refuses is gone: the one in its place starts from the model.
  }
}

async function makeOne(change: Change, ctx: ChangeContext, origin: Origin, touched: Touched[] = []): Promise<Outcome> {
  try {
    touched.push(touchedBy(change, ctx.model));
    return await rowOf(change)!.apply(change, ctx, origin);
  } catch (error) {
    return failed(broken(change, error));
  }
}

async function send(ctx: ChangeContext): Promise<void> {
  await ctx.states.flush();
  await ctx.traffic.release();
}

async function giveUp(
  changes: readonly Change[],
  made: readonly Outcome[],
  failure: Outcome,
  at: number,
  ctx: ChangeContext,
): Promise<Made> {
  await takeBack(made, ctx);
  const others = (i: number) => failed(problem(`${i < at ? 'taken back' : 'not made'}: change ${at + 1} failed`));
  return { outcomes: changes.map((_, i) => (i === at ? failure : others(i))), touched: [], failedAt: at };
}
