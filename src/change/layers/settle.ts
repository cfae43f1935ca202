import { findProxy } from '../../model/model.ts';
import { Admin } from '../../model/server.ts';
import type { Change, Origin } from '../change.ts';
import { type Conflict, noteConflict } from '../conflicts.ts';
import type { ChangeContext } from '../context.ts';
import { canonicalJson } from '../journal/canonical.ts';
import type { Override, StateEffect } from '../journal/journal.ts';
import { objectOf } from '../journal/object-of.ts';
import { judge } from '../judge.ts';
import { recordFacts } from '../record.ts';
import { HERE } from '../standing.ts';
import { rowOf } from '../table.ts';
import type { Layers, ObjectType, Place } from './attribute.ts';
import { layersOf } from './layers.ts';

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
 * Nothing else may be made meanwhile.
 */
export async function settleOverrides(ctx: ChangeContext, conflicts: Conflict[], origin: Origin): Promise<Settled> {
  const effects: StateEffect[] = [];
  const facts: Parameters<typeof recordFacts>[0][number][] = [];
  ctx.traffic.hold();
  for (const override of inOrder(ctx.standing.overrides())) {
    const found = await settleOne(override, ctx, origin);
    if (found.verdict === 'stands') continue;
    if (found.verdict !== 'failed') effects.push({ drop: 'override', target: HERE, key: override.key });
    if (found.verdict === 'agrees') continue;
    const { object, attribute, change, value } = override;
    const kind = found.verdict === 'overruled' ? 'file' : found.verdict;
    noteConflict(conflicts, { date: ctx.states.now(), kind, object, attribute, text: found.text }, ctx);
    facts.push({ change, before: value, after: found.now, text: found.text });
  }
  await ctx.states.flush();
  await ctx.traffic.release();
  const trouble = await recordFacts(facts, effects, ctx, origin);
  ctx.standing.commit(effects);
  return { standing: ctx.standing.overrides().length, trouble };
}

/** Backends before their servers, names before what is set by them, what is to be gone last; else as they were made. */
function inOrder(overrides: readonly Override[]): Override[] {
  return overrides.toSorted((a, b) => rank(a) - rank(b));
}

const FIRST: readonly Change['kind'][] = ['backend.add', 'server.add', 'server.name'];
const LAST: readonly Change['kind'][] = ['server.del', 'backend.del'];

function rank({ change: { kind } }: Override): number {
  const last = LAST.indexOf(kind);
  return last >= 0 ? FIRST.length + 1 + last : FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length;
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
    if (canonicalJson(layers.make) === canonicalJson(override.change))
      return { verdict: 'stands', text: '', now: value };
    const problem = await put(override.change, ctx, origin);
    if (problem === null) return { verdict: 'stands', text: '', now: value };
    return { verdict: 'failed', text: `${key} could not be set to '${value}' again: ${problem}`, now: layers.live };
  }
  if (!layers.same && layers.restore) await put(layers.restore, ctx, origin);
  if (layers.file === value) return { verdict: 'agrees', text: '', now: value };
  const text = `${key} was set to '${value}' over '${file}'; the file says '${layers.file}' now, and wins`;
  return { verdict: 'overruled', text, now: layers.file };
}

/** The layers of what an override is about. A server that is still to be renamed is found under its name in the file. */
function layersBefore({ key, object, attribute, change }: Override, { model }: ChangeContext): Layers | null {
  const place: Place = { type: key.slice(0, key.indexOf(' ')) as ObjectType, object, attribute };
  const layers = layersOf(place, model);
  if (layers !== null || change.kind !== 'server.name') return layers;
  return layersOf({ ...place, object: objectOf(change) }, model);
}

/**
 * Makes a Change that was made before. Returns why that is not possible, or null. What is renamed or deleted was out of service then;
 * it need not be now, and nobody has to see it.
 */
async function put(change: Change, ctx: ChangeContext, origin: Origin): Promise<string | null> {
  const back = takeOut(change, ctx);
  const [found] = judge(change, ctx).problems;
  if (found) {
    back();
    return found.text;
  }
  const { ok, text } = await rowOf(change)!.apply(change, ctx, origin);
  if (!ok || change.kind === 'server.name') back();
  return ok ? null : text;
}

/** Marks what is to be renamed or deleted as out of service, without a word to anybody. The returned function takes that back. */
function takeOut(change: Change, { model }: ChangeContext): () => void {
  if (change.kind === 'backend.del') {
    const proxy = findProxy(model, change.backend, 'backend');
    const published = proxy?.published ?? false;
    if (proxy) proxy.published = false;
    return () => {
      if (proxy) proxy.published = published;
    };
  }
  if (change.kind !== 'server.name' && change.kind !== 'server.del') return () => {};
  const server = findProxy(model, change.backend, 'backend')?.serversByName.get(change.server);
  const admin = server?.admin ?? 0;
  if (server) server.admin |= Admin.forcedMaint;
  return () => {
    if (server) server.admin = admin;
  };
}
