import type { LivePatterns } from '../../../model/patterns/references.ts';
import { suppose, valuesOf } from '../../../model/patterns/supposed.ts';
import type { Change, ChangeOf, PatternPlace } from '../../change.ts';
import { type ChangeContext, done, type Problem, problem, type Row } from '../../context.ts';
import { entryOf, findPatterns, inMemoryOnly, patternsOf, subjectOf, unfitEntry, unknownPatterns } from './subject.ts';
import { entriesText, versionOf, versionProblem } from './versions.ts';

type Add = ChangeOf<'map.add' | 'acl.add' | 'map.add-all'>;
type Del = ChangeOf<'map.del' | 'acl.del' | 'map.del-all'>;

const ABSENT = '(absent)';

/** As people read what a key has. */
function told(kind: 'map' | 'acl', values: readonly string[]): string {
  if (values.length === 0) return ABSENT;
  const [first] = values;
  const times = values.length > 1 ? ` (${values.length} times)` : '';
  return (kind === 'map' ? first! : 'listed') + times;
}

const keyOf = (change: { readonly key: string } | { readonly pattern: string }): string =>
  'key' in change ? change.key : change.pattern;

function entriesOf(change: Add): readonly (readonly [string, string])[] {
  if ('entries' in change) return change.entries;
  return [[keyOf(change), 'value' in change ? change.value : '']];
}

/** The entry that a new one goes in front of; 0: behind all. */
function placeOf({ store }: LivePatterns, place: PatternPlace | undefined): number {
  return place === undefined ? 0 : ([...store.withKey(store.current, place[0])][place[1]] ?? 0);
}

/** Where an entry is, told by the one behind it; undefined for the last. */
function placeBehind({ store }: LivePatterns, entry: number): PatternPlace | undefined {
  const next = store.next(entry);
  if (next === 0) return undefined;
  const key = store.key(next);
  return [key, [...store.withKey(store.current, key)].filter((other) => other !== entry).indexOf(next)];
}

/** `add map`, `add acl`: behind all others; what is there already is there twice then. */
function add<C extends Add>(inverseOf: (change: C) => Change): Row<C> {
  return {
    warnings: inMemoryOnly,
    validate(change, { model }) {
      const live = findPatterns(change, model);
      if (live === null) return unknownPatterns(subjectOf(change).kind);
      const trouble = unfitEntry(live, entriesOf(change));
      return versionProblem(change, live) ?? (trouble === null ? null : problem(`${trouble}.`));
    },
    preview(change, ctx) {
      const live = patternsOf(change, ctx);
      const { kind } = subjectOf(change);
      const entries = entriesOf(change);
      if (versionOf(change, live) !== live.store.current || 'entries' in change) {
        const where = change.version === undefined ? '' : ` in version ${change.version}`;
        return { before: '', after: `${entriesText(entries.length)} more${where}` };
      }
      const [key, value] = entries[0]!;
      const values = valuesOf(ctx.model, live, key);
      return { before: told(kind, values), after: told(kind, [...values, value]) };
    },
    async apply(change, ctx) {
      const live = patternsOf(change, ctx);
      const version = versionOf(change, live);
      const before = version === live.store.current && 'before' in change ? placeOf(live, change.before) : 0;
      await ctx.model.patterns.fill(
        live,
        version,
        entriesOf(change).map(([key, value]) => ({ key, value })),
        { before },
      );
      if (version !== live.store.current) return done(null);
      return edited(live, inverseOf(change), ctx);
    },
    rehearse(change, { model }) {
      const live = findPatterns(change, model)!;
      if (versionOf(change, live) !== live.store.current) return;
      for (const [key, value] of entriesOf(change)) suppose(model, live, key, [...valuesOf(model, live, key), value]);
    },
  };
}

function edited(live: LivePatterns, inverse: Change | null, { model }: ChangeContext) {
  live.edited = true;
  model.patterns.reclaim();
  return done(inverse);
}

export const mapAdd = add<ChangeOf<'map.add'>>(({ map, key }) => ({ kind: 'map.del', map, key, last: true }));
export const mapAddAll = add<ChangeOf<'map.add-all'>>(({ map, entries }) => ({
  kind: 'map.del-all',
  map,
  keys: entries.map(([key]) => key).reverse(),
}));
export const aclAdd = add<ChangeOf<'acl.add'>>(({ acl, pattern }) => ({ kind: 'acl.del', acl, pattern, last: true }));

const NOT_FOUND = problem('Key not found.');

/** One entry goes; `del map` and `del acl` make as many of these Changes as there are entries of the pattern. */
function del<C extends Del>(
  inverseOf: (change: C, values: readonly string[], before: { readonly before?: PatternPlace }) => Change,
): Row<C> {
  return {
    warnings: inMemoryOnly,
    validate(change, { model }) {
      const live = findPatterns(change, model);
      if (live === null) return unknownPatterns(subjectOf(change).kind);
      const entry = 'entry' in change ? change.entry : undefined;
      if (entry !== undefined) return entryOf(live, entry) === 0 ? NOT_FOUND : null;
      const keys = 'keys' in change ? change.keys : [keyOf(change)];
      return keys.every((key) => valuesOf(model, live, key).length > 0) ? null : NOT_FOUND;
    },
    preview(change, ctx) {
      const live = patternsOf(change, ctx);
      if ('keys' in change) {
        return { before: '', after: `${entriesText(change.keys.length)} less` };
      }
      const { kind } = subjectOf(change);
      const { values, at } = taken(change, live, ctx);
      return { before: told(kind, values), after: told(kind, values.toSpliced(at, 1)) };
    },
    apply(change, ctx) {
      const live = patternsOf(change, ctx);
      const { store } = live;
      const gone: string[] = [];
      let place: PatternPlace | undefined;
      for (const key of 'keys' in change ? change.keys : [keyOf(change)]) {
        const entries = [...store.withKey(store.current, key)];
        const given = 'entry' in change && change.entry !== undefined ? entryOf(live, change.entry) : 0;
        const entry = given || (isLast(change) ? entries.at(-1) : entries[0]);
        if (entry === undefined) continue;
        gone.push(store.value(entry));
        place = placeBehind(live, entry);
        store.delete(store.current, entry);
      }
      return edited(live, inverseOf(change, gone, place === undefined ? {} : { before: place }), ctx);
    },
    rehearse(change, ctx) {
      const live = patternsOf(change, ctx);
      for (const key of 'keys' in change ? change.keys : [keyOf(change)]) {
        const values = valuesOf(ctx.model, live, key);
        suppose(ctx.model, live, key, values.toSpliced(isLast(change) ? values.length - 1 : 0, 1));
      }
    },
  };
}

const isLast = (change: Del): boolean => 'keys' in change || change.last === true;

/** The values of the key, and which of them goes. */
function taken(change: Exclude<Del, { keys: unknown }>, live: LivePatterns, { model }: ChangeContext) {
  const values = valuesOf(model, live, keyOf(change));
  if (change.entry === undefined) return { values, at: isLast(change) ? values.length - 1 : 0 };
  const entries = [...live.store.withKey(live.store.current, keyOf(change))];
  return { values, at: Math.max(0, entries.indexOf(entryOf(live, change.entry))) };
}

export const mapDel = del<ChangeOf<'map.del'>>(({ map, key }, [value], before) => ({
  ...{ kind: 'map.add', map, key },
  value: value ?? '',
  ...before,
}));
export const mapDelAll = del<ChangeOf<'map.del-all'>>(({ map, keys }, values) => ({
  kind: 'map.add-all',
  map,
  entries: keys.map((key, i) => [key, values[i] ?? ''] as const).reverse(),
}));
export const aclDel = del<ChangeOf<'acl.del'>>(({ acl, pattern }, _values, before) => ({
  ...{ kind: 'acl.add', acl, pattern },
  ...before,
}));

/** `set map`: another value for all entries of the key, or for one. */
export const mapSet: Row<ChangeOf<'map.set'>> = {
  warnings: inMemoryOnly,
  validate(change, { model }): Problem | null {
    const live = findPatterns(change, model);
    if (live === null) return unknownPatterns('map');
    if (change.entry !== undefined && entryOf(live, change.entry) === 0) return problem('key or pattern not found.');
    if (change.entry === undefined && valuesOf(model, live, change.key).length === 0)
      return problem('entry not found.');
    const trouble = unfitEntry(live, [[change.key, change.value]]);
    return trouble === null ? null : problem(`${trouble}.`);
  },
  preview(change, ctx) {
    const values = valuesOf(ctx.model, patternsOf(change, ctx), change.key);
    const after = change.entry === undefined ? values.map(() => change.value) : [change.value];
    return { before: told('map', values), after: told('map', after) };
  },
  async apply(change, ctx) {
    const live = patternsOf(change, ctx);
    const { store } = live;
    const entries =
      change.entry === undefined ? [...store.withKey(store.current, change.key)] : [entryOf(live, change.entry)];
    const before = new Set(entries.map((entry) => store.value(entry)));
    for (const entry of entries) {
      await ctx.model.patterns.makeRoom();
      store.setValue(store.current, entry, change.value);
    }
    const { map, key } = change;
    const alone = change.entry === undefined || [...store.withKey(store.current, key)].length === 1;
    const [value] = before;
    return edited(live, before.size === 1 && alone ? { kind: 'map.set', map, key, value: value! } : null, ctx);
  },
  rehearse(change, ctx) {
    const live = patternsOf(change, ctx);
    const values = valuesOf(ctx.model, live, change.key);
    suppose(
      ctx.model,
      live,
      change.key,
      values.map(() => change.value),
    );
  },
};
