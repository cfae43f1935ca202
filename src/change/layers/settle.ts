import { findProxy } from '../../model/model.ts';
import { Admin, CheckState } from '../../model/server.ts';
import type { Change, Origin, Outcome } from '../change.ts';
import { type Conflict, noteConflict } from '../conflicts.ts';
import type { ChangeContext } from '../context.ts';
import { canonicalJson } from '../journal/canonical.ts';
import type { Override, StateEffect } from '../journal/journal.ts';
import { objectOf } from '../journal/object-of.ts';
import { broken, judge } from '../judge.ts';
import { forgetAllUnused } from '../put-aside.ts';
import { recordFacts } from '../record.ts';
import { HERE } from '../standing.ts';
import { rowOf } from '../table.ts';
import type { Layers, ObjectType, Place } from './attribute.ts';
import { isCertificateChange, RESPONSE, renumbered } from './certificates.ts';
import { ABSENT, layersOf } from './layers.ts';
import { settleNames } from './settle-names.ts';
import { inOrder } from './settle-order.ts';

/** What became of the overrides when a configuration came into force. */
export interface Settled {
  /** How many stand. */
  readonly standing: number;
  /** Why that could not be recorded, or null. */
  readonly trouble: string | null;
}

/** What an override turns out to be. `gone`: the configuration has its object no more. */
type Verdict = 'stands' | 'agrees' | 'overruled' | 'gone' | 'failed';

/**
 * Puts the overrides in force over the configuration as it is now, at start and after a reload. Where the file has another value than
 * when it was overridden the file wins, and the conflict is told; where it says the same by now, the override ends without a word.
 * Nothing else may be made meanwhile. `conflicts` null: for the time being only, while another process has the journal; nothing is told or
 * recorded.
 */
export async function settleOverrides(
  ctx: ChangeContext,
  conflicts: Conflict[] | null,
  origin: Origin,
): Promise<Settled> {
  const effects: StateEffect[] = [];
  const facts: Parameters<typeof recordFacts>[0][number][] = [];
  ctx.traffic.hold();
  settleNames(ctx.standing.overrides(), ctx);
  for (const override of inOrder(ctx.standing.overrides())) {
    const found = await settleOne(override, ctx, origin);
    if (found.verdict === 'stands') continue;
    if (found.verdict !== 'failed') effects.push({ drop: 'override', target: HERE, key: override.key });
    if (found.verdict === 'agrees' || conflicts === null) continue;
    const { object, attribute, change, value } = override;
    const kind = found.verdict === 'overruled' ? 'file' : found.verdict;
    noteConflict(conflicts, { date: ctx.states.now(), kind, object, attribute, text: found.text }, ctx);
    facts.push({ change, before: value, after: found.now, text: found.text });
  }
  await ctx.states.flush();
  await ctx.traffic.release();
  const trouble = conflicts === null ? null : await recordFacts(facts, effects, ctx, origin);
  ctx.standing.commit(effects);
  // The process before may have keys that this one knows nothing of, as long as it has the journal.
  if (conflicts !== null && trouble === null) await forgetAllUnused(ctx.standing, ctx.keeper);
  return { standing: ctx.standing.overrides().length, trouble };
}

/**
 * Puts what the file says in force where overrides have ended without this process. What that gives goes to the threads with
 * `settleOverrides`, which is to follow.
 */
export async function restoreFile(
  ended: readonly Override[],
  ctx: ChangeContext,
  conflicts: Conflict[],
  origin: Origin,
): Promise<void> {
  ctx.traffic.hold();
  for (const override of inOrder(ended).toReversed()) {
    const layers = layersBefore(override, ctx);
    if (!layers) continue;
    const problem = await restore(override, ctx, origin);
    if (problem === null) continue;
    const { object, attribute, key } = override;
    const text = `${key} could not be set to '${layers.file}', as the file says: ${problem}`;
    noteConflict(conflicts, { date: ctx.states.now(), kind: 'failed', object, attribute, text }, ctx);
  }
}

interface Found {
  readonly verdict: Verdict;
  readonly text: string;
  /** What is in force now. */
  readonly now: string;
}

async function settleOne(override: Override, ctx: ChangeContext, origin: Origin): Promise<Found> {
  const { key, value, file } = override;
  const layers = layersBefore(override, ctx);
  if (layers === null)
    return { verdict: 'gone', text: `${key} was set to '${value}', but ${override.object} is gone`, now: '' };
  if (layers.file === file) {
    if (stands(layers, override)) return { verdict: 'stands', text: '', now: value };
    const problem = (await makeRoom(override, layers, ctx, origin)) ?? (await putAgain(override, ctx, origin));
    if (problem === null) return { verdict: 'stands', text: '', now: value };
    // A response is about a time: what has become too old stays so.
    const verdict = override.attribute === RESPONSE ? 'overruled' : 'failed';
    return { verdict, text: `${key} could not be set to '${value}' again: ${problem}`, now: layers.live };
  }
  await restore(override, ctx, origin);
  if (layers.file === value) return { verdict: 'agrees', text: '', now: value };
  const text = `${key} was set to '${value}' over '${file}'; the file says '${layers.file}' now, and wins`;
  return { verdict: 'overruled', text, now: layers.file };
}

/** Whether what an override keeps is in force. Keys in it are kept elsewhere: there the texts tell. */
function stands({ make, live }: Layers, { change, value }: Override): boolean {
  return isCertificateChange(change) ? live === value : canonicalJson(make) === canonicalJson(change);
}

/** A server that was added live in place of one of the file, which was deleted before: that one goes again. Returns why it cannot, or null. */
async function makeRoom(
  { change }: Override,
  { same, file }: Layers,
  ctx: ChangeContext,
  origin: Origin,
): Promise<string | null> {
  if (change.kind !== 'server.add' || !same || file === ABSENT) return null;
  return put({ kind: 'server.del', backend: change.backend, server: change.server }, ctx, origin);
}

/** Puts in force what the file says. What stands in place of something of the file goes first. Returns why that is not possible, or null. */
async function restore(override: Override, ctx: ChangeContext, origin: Origin): Promise<string | null> {
  for (let step = 0; step < 2; step++) {
    const layers = layersBefore(override, ctx);
    if (!layers?.restore || layers.same) return null;
    const problem = await put(layers.restore, ctx, origin);
    if (problem !== null) return problem;
  }
  return null;
}

/** The layers of what an override is about. A server that is still to be renamed is found under its name in the file. */
function layersBefore({ key, object, attribute, change }: Override, { model }: ChangeContext): Layers | null {
  const place: Place = { type: key.slice(0, key.indexOf(' ')) as ObjectType, object, attribute };
  const layers = layersOf(place, model);
  if (layers !== null || change.kind !== 'server.name') return layers;
  return layersOf({ ...place, object: objectOf(change) }, model);
}

/** Equal lines of a crt-list that come or go. */
const MOST_EQUAL = 1000;

/** Makes what an override keeps. Returns why that is not possible, or null. */
async function putAgain(override: Override, ctx: ChangeContext, origin: Origin): Promise<string | null> {
  for (let n = 0; n < MOST_EQUAL; n++) {
    let change: Change;
    try {
      change = await ctx.keeper.back(renumbered(override.change, override, ctx.model));
    } catch (error) {
      return (error as Error).message;
    }
    const problem = await put(change, ctx, origin);
    const isLine = change.kind === 'crt-list.add' || change.kind === 'crt-list.del';
    if (problem !== null || !isLine || layersBefore(override, ctx)?.live === override.value) return problem;
  }
  return null;
}

/** Makes a Change that was made before. Returns why that is not possible, or null. */
async function put(change: Change, ctx: ChangeContext, origin: Origin): Promise<string | null> {
  const back = prepare(change, ctx);
  const [found] = judge(change, ctx).problems;
  if (found) {
    back();
    return found.text;
  }
  const { ok, text } = await applied(change, ctx, origin);
  const gone = change.kind === 'server.del' || change.kind === 'backend.del';
  if (!ok || !gone) back();
  return ok ? null : text;
}

async function applied(change: Change, ctx: ChangeContext, origin: Origin): Promise<Pick<Outcome, 'ok' | 'text'>> {
  try {
    return await rowOf(change)!.apply(change, ctx, origin);
  } catch (error) {
    return { ok: false, text: broken(change, error).text };
  }
}

/**
 * Some Changes want a server in maintenance, its checks enabled, or a backend unpublished. It was so when they were made, and need not
 * be now: it is taken for so, without a word to anybody. The returned function takes that back.
 */
function prepare(change: Change, { model }: ChangeContext): () => void {
  const proxy = 'backend' in change ? findProxy(model, change.backend, 'backend') : null;
  const server = 'server' in change ? proxy?.serversByName.get(change.server) : undefined;
  switch (change.kind) {
    case 'backend.del':
      return proxy ? pretend(proxy, 'published', false) : () => {};
    case 'server.name':
    case 'server.del':
      return server ? pretend(server, 'admin', server.admin | Admin.forcedMaint) : () => {};
    case 'server.check-addr':
      return server?.check ? pretend(server.check, 'state', server.check.state | CheckState.enabled) : () => {};
    case 'server.agent-addr':
    case 'server.agent-send':
      return server?.agent ? pretend(server.agent, 'state', server.agent.state | CheckState.enabled) : () => {};
    default:
      return () => {};
  }
}

function pretend<T, K extends keyof T>(object: T, field: K, value: T[K]): () => void {
  const was = object[field];
  object[field] = value;
  return () => {
    object[field] = was;
  };
}
