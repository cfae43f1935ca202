import { setTimeout as sleep } from 'node:timers/promises';
import { askForAll } from '../approval.ts';
import { OperationError, worstOf } from '../errors.ts';
import type { Emit } from '../events.ts';
import { metaOf, prepare } from '../prepare.ts';
import { confirm } from '../runner.ts';
import { takeSteps } from '../steps.ts';
import { each } from './each.ts';
import { troubles } from './keeps-well.ts';
import { type FleetCourse, failed, listed, type Member } from './member.ts';

/**
 * Does an operation wave by wave. Nothing is changed before it may be done everywhere. Resolves when it is done; a text says why it does not
 * go on, and what was changed stays for the caller to take back. Throws OperationError when nothing was changed, or when it was interrupted.
 */
export async function inWaves(course: FleetCourse): Promise<string | null> {
  const { waves, around } = course;
  for (const [i, wave] of waves.entries()) {
    if (i > 0) {
      await pause(course);
      const why = (await lookBack(course)) ?? (await lookAhead(course, wave));
      if (why !== null) return why;
    }
    if (around.signal.aborted)
      throw new OperationError('interrupted', `interrupted before wave ${i + 1} of ${waves.length}`);
    around.emit({ event: 'wave', wave: i + 1, of: waves.length, targets: wave.map(({ name }) => name) });
    const why = await makeWave(course, wave);
    if (around.signal.aborted)
      throw new OperationError('interrupted', `interrupted in wave ${i + 1} of ${waves.length}`);
    if (why !== null) return why;
  }
  return lookBack(course);
}

/** Plans it everywhere and asks all guards, then whoever is there. Throws OperationError when it may not be done on one of them. */
export async function prepareAll(course: FleetCourse): Promise<void> {
  const { members, request, common, around } = course;
  await each(members, (member) => prepareOn(member, course, member.emit));
  const refused = refusals(members);
  if (refused.length > 0)
    throw new OperationError(
      worstOf(refused.map(({ ended }) => ended)),
      `${listed(refused)}; nothing was changed anywhere`,
    );
  if (!common.dryRun) await confirm(request.operation, common, around.ask, ` on ${members.length} load balancers`);
}

/** Asks everywhere whether the policy lets it be done, before anything is. Throws OperationError when it does not on one of them. */
export async function askEverywhere({ members }: FleetCourse): Promise<void> {
  await each(members, async (member) => {
    const { plan, meta } = member.prepared!;
    await askForAll(plan, meta, member.target, 1).catch((error: unknown) => {
      member.result = failed(error, member.target);
    });
  });
  const refused = refusals(members);
  if (refused.length > 0)
    throw new OperationError(
      worstOf(refused.map(({ ended }) => ended)),
      `${listed(refused)}; nothing was changed anywhere`,
    );
}

async function prepareOn(member: Member, { request, common, id }: FleetCourse, emit: Emit): Promise<void> {
  try {
    const around = { target: member.target, emit };
    const meta = { ...metaOf(request, id, common), ...(member.approves ? { approves: true as const } : {}) };
    member.prepared = await prepare(request, common, meta, around);
  } catch (error) {
    member.result = failed(error, member.target);
  }
}

function refusals(members: readonly Member[]) {
  return members.filter(({ result }) => !result.ok).map(({ name, result }) => ({ target: name, ...result }));
}

async function pause({ common, around }: FleetCourse): Promise<void> {
  if (common.pause === null) return;
  around.emit({ event: 'pause', time: common.pause });
  // Who interrupts it is told by the next wave.
  await sleep(common.pause, undefined, { signal: around.signal }).catch(() => undefined);
}

/** Looks whether all is well where it was done. */
async function lookBack({ members, around }: FleetCourse): Promise<string | null> {
  if (around.signal.aborted) return null;
  const done = members.filter(({ made }) => made.length > 0);
  if (done.length === 0) return null;
  const bad: string[] = [];
  await each(done, async ({ name, prepared, target }) => {
    try {
      bad.push(...troubles(prepared!, await target.state()).map((text) => `${name}: ${text}`));
    } catch (error) {
      bad.push(`${name}: ${(error as Error).message}`);
    }
  });
  const text = bad.join('; ') || `${done.map(({ name }) => name).join(', ')}: no server went down, failures as before`;
  around.emit({ event: 'check', what: 'the load balancers that are changed', ok: bad.length === 0, text });
  return bad.length === 0 ? null : text;
}

/** Plans anew where the next wave is: the guards judge what is there now. */
async function lookAhead(course: FleetCourse, wave: readonly Member[]): Promise<string | null> {
  if (course.around.signal.aborted) return null;
  // The plan itself was told before.
  await each(wave, (member) =>
    prepareOn(member, course, (event) => {
      if (event.event === 'guard') member.emit(event);
    }),
  );
  const refused = refusals(wave);
  return refused.length === 0 ? null : listed(refused);
}

/** Does it on the load balancers of a wave at once. When one fails the others stop waiting. */
async function makeWave({ around }: FleetCourse, wave: readonly Member[]): Promise<string | null> {
  const stop = new AbortController();
  const signal = AbortSignal.any([around.signal, stop.signal]);
  const causes: Member[] = [];
  await each(wave, async (member) => {
    const { target, emit, prepared, made } = member;
    const { plan, meta, state } = prepared!;
    try {
      const { ok, ended, text } = await takeSteps(
        plan,
        meta,
        state,
        { target, emit, signal, ask: null, show: () => undefined },
        made,
      );
      member.result = { ok, ended, text };
    } catch (error) {
      member.result = failed(error, member.target);
    }
    if (member.result.ok) return;
    if (!signal.aborted) causes.push(member);
    stop.abort();
  });
  return causes.length === 0 ? null : listed(refusals(causes));
}
