import type { Model } from '../../model/model.ts';
import type { Change, Origin } from '../change.ts';
import type { Override, StateEffect } from '../journal/journal.ts';
import { MOST_OF_ONE } from '../rows/patterns/subject.ts';
import { HERE, type Standing } from '../standing.ts';
import { keyOf, type Place } from './attribute.ts';
import { layersOf } from './layers.ts';
import { keyAttribute } from './patterns.ts';
import type { Touched, TouchedKeys } from './touched.ts';

/**
 * What becomes of the overrides when Changes have been made: what is not as the file says is an override from now on, what is as the
 * file says is none any more.
 */
export function overrideEffects(
  touched: readonly Touched[],
  model: Model,
  standing: Standing,
  made: { readonly origin: Origin; readonly date: number; readonly until: number | null },
): StateEffect[] {
  const draft = draftOf(standing);
  const effects: StateEffect[] = [];
  const note = (...more: StateEffect[]) => {
    draft.commit(more);
    effects.push(...more);
  };
  let places: Place[] = [];
  for (const { places: set, keys, reset, renamed } of touched) {
    for (const override of reset.length > 0 || renamed ? draft.overrides() : []) {
      if (reset.includes(override.object)) note({ drop: 'override', target: HERE, key: override.key });
      else if (override.object === renamed?.from)
        note(
          { drop: 'override', target: HERE, key: override.key },
          { put: 'override', override: moved(override, renamed.to) },
        );
    }
    if (renamed)
      places = places.map((place) => (place.object === renamed.from ? { ...place, object: renamed.to } : place));
    for (const place of set) places.push(place);
    if (keys !== null) for (const place of placesOf(keys, standing)) places.push(place);
  }
  const wanted = new Map(places.map((place) => [keyOf(place), place]));
  for (const [key, place] of wanted) {
    const known = draft.override(key) !== undefined;
    // Beyond that keys are in memory only; operators are told before.
    const isRoom = known || standing.attributesOf(place.object).size + effects.length < MOST_OF_ONE;
    if (!isRoom) continue;
    const effect = effectAt(place, model, made);
    if ('put' in effect || known) note(effect);
  }
  return effects;
}

/** The keys that have an override or may get one. Most of a large map are in memory only: nothing more is to be found out about them. */
function placesOf({ type, object, keys }: TouchedKeys, standing: Standing): Place[] {
  const known = standing.attributesOf(object);
  const prefix = keyAttribute('');
  const wanted = known.size < MOST_OF_ONE ? keys : keys.filter((key) => known.has(prefix, key));
  return wanted.map((key) => ({ type, object, attribute: keyAttribute(key) }));
}

/** What stands, and what is going to: without a copy of all of it. */
function draftOf(
  standing: Standing,
): Pick<Standing, 'override' | 'overrides'> & { commit(effects: readonly StateEffect[]): void } {
  const changed = new Map<string, Override | undefined>();
  return {
    override: (key) => (changed.has(key) ? changed.get(key) : standing.override(key)),
    overrides: () => [
      ...standing.overrides().filter(({ key }) => !changed.has(key)),
      ...[...changed.values()].filter((override) => override !== undefined),
    ],
    commit(effects) {
      for (const effect of effects) {
        if ('put' in effect) {
          if (effect.put === 'override') changed.set(effect.override.key, effect.override);
        } else if (effect.drop === 'override') changed.set(effect.key, undefined);
      }
    },
  };
}

function effectAt(
  place: Place,
  model: Model,
  made: { readonly origin: Origin; readonly date: number; readonly until: number | null },
): StateEffect {
  const key = keyOf(place);
  const layers = layersOf(place, model);
  if (layers === null || layers.same || layers.make === null) return { drop: 'override', target: HERE, key };
  const { object, attribute } = place;
  const { file, live: value, make: change } = layers;
  return { put: 'override', override: { target: HERE, key, object, attribute, change, value, file, ...made } };
}

/** The same override of a server that has another name now. */
function moved(override: Override, object: string): Override {
  const server = object.slice(object.indexOf('/') + 1);
  const change = override.change as Extract<Change, { readonly server: string }>;
  return {
    ...override,
    key: `server ${object} ${override.attribute}`,
    object,
    // What renames it starts from the name in the file.
    change: change.kind === 'server.name' ? change : { ...change, server },
  };
}
