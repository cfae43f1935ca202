import { baseOf, REMEMBERED_AT_MOST } from '../../../model/patterns/base.ts';
import { readPatterns } from '../../../model/patterns/read-patterns.ts';
import type { LivePatterns } from '../../../model/patterns/references.ts';
import { countOf, supposeOnly } from '../../../model/patterns/supposed.ts';
import type { Change, ChangeOf, Outcome } from '../../change.ts';
import { type ChangeContext, done, type Problem, problem, type Row } from '../../context.ts';
import { memoryOnlyText } from '../../memory-only.ts';
import { findPatterns, patternsOf, subjectOf, unfitEntry, unknownPatterns } from './subject.ts';

/** Entries that are kept to take a Change of all of them back, at most: they are written to the journal. */
const KEPT_AT_MOST = 10_000;
/** Versions of one reference that may wait to be committed: each costs memory. */
const PREPARED_AT_MOST = 64;

type Versioned = ChangeOf<'map.add' | 'map.add-all' | 'acl.add'>;

/** Why the version that a Change names is none, or null. */
export function versionProblem({ kind, version }: Versioned, live: LivePatterns): Problem | null {
  if (version === undefined || version === live.current || live.prepared.has(version)) return null;
  if (version > live.next)
    return problem(`Version number in the future, please use 'prepare ${kind.slice(0, 3)}' before.`);
  return problem('Version number out of range.');
}

/** Where in memory the version is that a Change names: that in force when it names none. */
export function versionOf({ version }: Versioned, live: LivePatterns): number {
  return (version === undefined ? undefined : live.prepared.get(version)) ?? live.store.current;
}

/** `1 entry`, `2 entries`. */
export const entriesText = (count: number): string => `${count} ${count === 1 ? 'entry' : 'entries'}`;

type Prepare = ChangeOf<'map.prepare' | 'acl.prepare'>;

/** `prepare map`, `prepare acl`. */
export const prepare: Row<Prepare> = {
  oneShot: true,
  validate(change, { model }) {
    const live = findPatterns(change, model);
    if (live === null) return unknownPatterns(subjectOf(change).kind);
    return live.prepared.size < PREPARED_AT_MOST
      ? null
      : problem(`${PREPARED_AT_MOST} versions wait already: commit the last of them.`);
  },
  preview(change, ctx) {
    const live = patternsOf(change, ctx);
    return { before: `version ${live.next}`, after: `version ${live.next + 1}` };
  },
  async apply(change, ctx) {
    const live = patternsOf(change, ctx);
    await ctx.model.patterns.makeRoom();
    live.next++;
    live.prepared.set(live.next, live.store.newVersion());
    return done(null, `New version created: ${live.next}`);
  },
};

type Commit = ChangeOf<'map.commit' | 'acl.commit'>;

/** `commit map`, `commit acl`: one switch for all threads; older versions are purged. */
export const commit: Row<Commit> = {
  oneShot: true,
  validate(change, { model }) {
    const live = findPatterns(change, model);
    if (live === null) return unknownPatterns(subjectOf(change).kind);
    return live.prepared.has(change.version) ? null : problem('Version number out of range.');
  },
  preview(change, ctx) {
    const live = patternsOf(change, ctx);
    const to = live.store.count(live.prepared.get(change.version)!);
    return { before: entriesText(countOf(ctx.model, live)), after: entriesText(to) };
  },
  apply(change, ctx) {
    const live = patternsOf(change, ctx);
    const gone = [live.store.switchTo(live.prepared.get(change.version)!)];
    for (const [number, version] of live.prepared) {
      if (number > change.version) continue;
      live.prepared.delete(number);
      if (number < change.version) gone.push(version);
    }
    live.current = change.version;
    live.edited = true;
    live.base = baseOf(entriesOf(live), live.store.count(live.store.current));
    for (const version of gone) ctx.model.patterns.discard(live, version);
    return done(null);
  },
};

/** The Change that puts back what is in force now; null when that is too much. */
function putBack({ store, config }: LivePatterns, change: All): Change | null {
  if (store.count(store.current) > KEPT_AT_MOST) return null;
  const entries = [...store.entries(store.current)];
  if ('acl' in change)
    return { kind: 'acl.replace', acl: change.acl, patterns: entries.map((entry) => store.key(entry)) };
  const value = (entry: number) => (config.keyed ? store.value(entry) : '');
  return { kind: 'map.replace', map: change.map, entries: entries.map((entry) => [store.key(entry), value(entry)]) };
}

type All = ChangeOf<'map.clear' | 'acl.clear' | 'map.replace' | 'acl.replace'>;

/** What a Change leaves; null when that is kept elsewhere. */
function wantedBy(change: All): readonly (readonly [string, string])[] | null {
  if ('entries' in change) return 'kept' in change.entries ? null : change.entries;
  if (!('patterns' in change)) return [];
  return 'kept' in change.patterns ? null : change.patterns.map((pattern) => [pattern, ''] as const);
}

/** Other entries for all, in one switch: none for `clear map` and `clear acl`. */
export const replaceAll: Row<All> = {
  validate(change, { model }) {
    const live = findPatterns(change, model);
    if (live === null) return unknownPatterns(subjectOf(change).kind);
    const wanted = wantedBy(change);
    if (wanted === null) return problem('the entries are kept elsewhere: name them.');
    const trouble = unfitEntry(live, wanted);
    return trouble === null ? null : problem(`${trouble}.`);
  },
  warnings(change, ctx) {
    const count = countOf(ctx.model, patternsOf(change, ctx));
    const { length } = wantedBy(change) ?? [];
    return [
      ...(count > KEPT_AT_MOST ? [`${count} entries are too many to be put back by undo`] : []),
      ...(length > REMEMBERED_AT_MOST ? [memoryOnlyText(`${length} entries are too many to be kept`)] : []),
    ];
  },
  preview(change, ctx) {
    const before = countOf(ctx.model, patternsOf(change, ctx));
    return { before: entriesText(before), after: entriesText(wantedBy(change)!.length) };
  },
  apply: (change, ctx) => putAll(change, ctx),
  rehearse(change, ctx) {
    const wanted = wantedBy(change)!.map(([key, value]) => ({ key, value }));
    supposeOnly(ctx.model, patternsOf(change, ctx), wanted);
  },
};

function* entriesOf({ store }: LivePatterns): Generator<{ readonly key: string; readonly value: string }> {
  for (const entry of store.entries(store.current)) yield { key: store.key(entry), value: store.value(entry) };
}

/** Whether these are the entries that the file says, in its order. */
function isAsFiled({ config }: LivePatterns, wanted: readonly { readonly key: string; readonly value: string }[]) {
  if (wanted.length > REMEMBERED_AT_MOST) return false;
  let at = 0;
  for (const { key, value } of readPatterns(config)) {
    const one = wanted[at++];
    if (one?.key !== key || (config.keyed && one.value !== value)) return false;
  }
  return at === wanted.length;
}

async function putAll(change: All, ctx: ChangeContext): Promise<Outcome> {
  const live = patternsOf(change, ctx);
  const { patterns } = ctx.model;
  const inverse = putBack(live, change);
  await patterns.makeRoom();
  const version = live.store.newVersion();
  const wanted = wantedBy(change)!.map(([key, value]) => ({ key, value }));
  await patterns.fill(live, version, wanted);
  patterns.discard(live, live.store.switchTo(version));
  live.edited = true;
  live.base = isAsFiled(live, wanted) ? null : baseOf(wanted, wanted.length);
  return done(inverse);
}
