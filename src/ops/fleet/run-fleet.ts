import { newOperationId } from '../../change/operation-id.ts';
import { type Agreed, agreedTo } from '../approval.ts';
import { ERRORS, worstOf } from '../errors.ts';
import type { Ending, FleetResult } from '../events.ts';
import { commonValues } from '../options.ts';
import { checkOptions, metaOf, type Request } from '../prepare.ts';
import { failure } from '../runner.ts';
import type { StepsEnd } from '../steps.ts';
import { everywhere } from './everywhere.ts';
import { askEverywhere, inWaves, prepareAll } from './in-waves.ts';
import { type FleetCourse, type FleetSurroundings, type Member, resultOf } from './member.ts';
import { checkReach, type Opened, openMembers } from './open-members.ts';
import { takeBack } from './take-back.ts';
import { waves } from './waves.ts';

const DEFAULT_CANARY = 1;
const DEFAULT_WAVE = { percent: 25 };

/**
 * Runs an operation on several load balancers to its end, telling what happens on which; then how it ended on each, and on the whole. One
 * that changes something goes from wave to wave, one that reads goes to all at once. Never rejects.
 */
export async function runFleet(given: Request, around: FleetSurroundings): Promise<Ending> {
  const begin = performance.now();
  let opened: Opened = { members: [], unreachable: [] };
  let course: FleetCourse | null = null;
  let end: StepsEnd;
  try {
    checkOptions(commonValues(given.values));
    opened = await openMembers(around);
    const { members } = opened;
    course = await courseOf(given, members, around);
    tellBegin(course);
    const { request, common } = course;
    const reads = request.operation.danger === 'reads';
    if (!reads) checkReach(opened, common.allowUnreachable);
    end = await perform(course);
    if (reads) checkReach(opened, common.allowUnreachable);
  } catch (error) {
    end = failure(error, [], null);
  }
  const { members, unreachable } = opened;
  const results = resultsOf(around.names, [...members.map(resultOf), ...unreachable]);
  for (const result of results) around.emit({ event: 'result', ...result });
  const undoable = members.some(({ made }) => made.undoable);
  const { operation = undoable ? (course?.id ?? null) : null } = end;
  const { ok, ended, status, text } = end;
  const ending = { ok, ended, status, text, operation, duration: Math.round(performance.now() - begin) };
  around.emit({ event: 'end', ...ending });
  await close(members, around);
  return ending;
}

/** What is to be done, in which waves. An operation that is agreed to is done as it was asked for, in its own. */
async function courseOf(given: Request, members: readonly Member[], around: FleetSurroundings): Promise<FleetCourse> {
  const found: (Agreed | null)[] = [];
  for (const member of members) {
    const agreed = await agreedTo(given, member.target, 1);
    member.approves = agreed !== null;
    found.push(agreed);
  }
  const agreed = found.find((one) => one !== null);
  const { request, common } = agreed ?? { request: given, common: commonValues(given.values) };
  const { operation } = request;
  const { canary, wave } = common;
  const all = operation.danger === 'reads' || operation.together;
  const split = all ? [members] : waves(members, { canary: canary ?? DEFAULT_CANARY, wave: wave ?? DEFAULT_WAVE });
  return { request, common, id: agreed?.meta.operation ?? newOperationId(), around, members, waves: split };
}

function resultsOf(names: readonly string[], results: readonly FleetResult[]): readonly FleetResult[] {
  return names.flatMap((name) => results.find(({ target }) => target === name) ?? []);
}

function tellBegin({ request, common, id, waves, around }: FleetCourse): void {
  const names = waves.map((wave) => wave.map(({ name }) => name));
  const date = new Date().toISOString();
  const { dryRun } = common;
  around.emit({ event: 'fleet', operation: id, title: request.title, waves: names, dryRun, date });
}

async function perform(course: FleetCourse): Promise<StepsEnd> {
  const { request, common, members, waves, around, id } = course;
  const { operation } = request;
  if (operation.danger === 'reads' || (operation.together && common.dryRun)) return everywhere(course);
  if (!operation.together) {
    await prepareAll(course);
    if (common.dryRun) return dryRun(members);
  }
  const names = waves.map((wave) => wave.map(({ name }) => name));
  const ended = await around.record.begin(metaOf(request, id, common), names);
  let end: StepsEnd;
  try {
    if (!operation.together) await askEverywhere(course);
    end = operation.together ? await everywhere(course) : await goThrough(course);
  } catch (error) {
    end = failure(error, [], null);
    if (end.ended === 'interrupted') end = { ...end, text: `${end.text}; ${whereText(members)}` };
  }
  await ended(end.ok, `${end.ended}${end.text === '' ? '' : `: ${end.text}`}`, members.map(resultOf)).catch(
    (error: Error) => around.emit({ event: 'note', text: `how it ended is not recorded: ${error.message}` }),
  );
  return end;
}

function dryRun(members: readonly Member[]): StepsEnd {
  for (const member of members) member.result = { ok: true, ended: 'dry-run', text: '' };
  return { ok: true, ended: 'dry-run', status: 0, text: 'nothing was changed' };
}

/** From wave to wave; when it goes wrong somewhere, back on all. */
async function goThrough(course: FleetCourse): Promise<StepsEnd> {
  const { members } = course;
  const why = await inWaves(course);
  if (why === null) {
    const ended = new Set(members.map(({ result }) => result.ended));
    return { ok: true, ended: ended.size === 1 ? [...ended][0]! : 'done', status: 0, text: '' };
  }
  const changed = members.some(({ made }) => made.length > 0);
  const left = await takeBack(course, why);
  if (left.length > 0) {
    const where = left.map(({ name, result }) => `${name}: ${result.text}`).join('; ');
    return {
      ok: false,
      ended: 'failed',
      status: ERRORS.failed.status,
      text: `${why}; not everything could be taken back: ${where}`,
    };
  }
  if (changed)
    return {
      ok: false,
      ended: 'reverted',
      status: ERRORS.reverted.status,
      text: `${why}; what was changed is taken back`,
    };
  const code = worstOf(members.filter(({ result }) => !result.ok).map(({ result }) => result.ended));
  return { ok: false, ended: code, status: ERRORS[code].status, text: `${why}; nothing was changed anywhere` };
}

/** `in force on lb1; not begun on lb2, lb3`. */
function whereText(members: readonly Member[]): string {
  const names = (which: readonly Member[]) => which.map(({ name }) => name).join(', ');
  const changed = members.filter(({ made }) => made.length > 0);
  const untouched = members.filter(({ result }) => result.ended === 'untouched');
  return [
    changed.length === 0 ? 'nothing is changed' : `in force on ${names(changed)}`,
    ...(untouched.length === 0 ? [] : [`not begun on ${names(untouched)}`]),
  ].join('; ');
}

async function close(members: readonly Member[], { keepLeases }: FleetSurroundings): Promise<void> {
  for (const { target, leased } of members) if (leased && target.dueLeases) await keepLeases(target.name);
  await Promise.all(members.map(({ target }) => target.close().catch(() => undefined)));
}
