import type { ChangeOf } from '../../change.ts';
import type { Live } from '../live.ts';
import {
  badKey,
  badName,
  badValue,
  contentNow,
  contentText,
  durablePatterns,
  entries,
  lacksPatterns,
  patternLevel,
  payloadLimit,
  payloads,
  replaceAll,
  valuesOf,
} from '../patterns.ts';
import { plain } from '../plain.ts';
import { CONTENT, type Durable, EVERYWHERE, type RemoteRow } from '../row.ts';

const COMMON = { ...EVERYWHERE, level: patternLevel } as const;

const ABSENT = '(absent)';

/** The first value of the key: the one that a look-up gives. */
async function valueNow({ map, key }: { readonly map: string; readonly key: string }, live: Live): Promise<string> {
  return (await valuesOf('map', map, key, live))[0] ?? ABSENT;
}

/** `add map`. HAProxy would take a key a second time and go on with the first. */
export const mapAdd: RemoteRow<ChangeOf<'map.add'>> = {
  ...COMMON,
  async problem(change, live) {
    const found = (await lacksPatterns('map', change.map, live)) ?? badName(change.key) ?? badValue(change.value);
    if (found) return found;
    const value = await valueNow(change, live);
    return value === ABSENT
      ? null
      : `${change.map} has the key '${change.key}' already, with the value '${value}': set it`;
  },
  read: valueNow,
  after: async ({ value }) => value,
  commands: async ({ map, key, value }) => [{ words: ['add', 'map', map, key, value] }],
  inverse: async ({ map, key }) => ({ kind: 'map.del', map, key }),
  durable: ({ map, key, value }, live) => durableKey(map, key, value, live),
};

/** `set map`: all entries of the key. */
export const mapSet: RemoteRow<ChangeOf<'map.set'>> = {
  ...COMMON,
  problem: async (change, live) => badValue(change.value) ?? (await lacksKey(change, live)),
  warnings: several,
  read: valueNow,
  after: async ({ value }) => value,
  commands: async ({ map, key, value }) => [{ words: ['set', 'map', map, key, value] }],
  inverse: async (change, live) => ({ ...change, value: await valueNow(change, live) }),
  durable: ({ map, key, value }, live) => durableKey(map, key, value, live),
};

/** `del map`: all entries of the key; from 3.4 on a command takes one away. */
export const mapDel: RemoteRow<ChangeOf<'map.del'>> = {
  ...COMMON,
  problem: lacksKey,
  warnings: several,
  read: valueNow,
  after: async () => ABSENT,
  commands: async ({ map, key }) => [{ words: ['del', 'map', map, key] }],
  inverse: async (change, live) => ({ ...change, kind: 'map.add', value: await valueNow(change, live) }),
  durable: ({ map, key }, live) => durableKey(map, key, null, live),
};

/** What a key is to have over its file; null: nothing. */
function durableKey(map: string, key: string, value: string | null, live: Live): Promise<Durable> {
  return durablePatterns('map', map, `key ${key}`, live, (file) => {
    if (value === null) return { kind: 'map.del', map, key };
    return { kind: file === ABSENT ? 'map.add' : 'map.set', map, key, value };
  });
}

async function lacksKey(change: { readonly map: string; readonly key: string }, live: Live): Promise<string | null> {
  const found = (await lacksPatterns('map', change.map, live)) ?? badName(change.key);
  if (found) return found;
  return (await valueNow(change, live)) === ABSENT ? `${change.map} has no key '${change.key}'` : null;
}

async function several({ map, key }: { readonly map: string; readonly key: string }, live: Live): Promise<string[]> {
  const { length } = await valuesOf('map', map, key, live);
  return length > 1 ? [`${map} has the key '${key}' ${length} times: taking this back restores the first value`] : [];
}

/** `clear map`. */
export const mapClear: RemoteRow<ChangeOf<'map.clear'>> = {
  ...COMMON,
  problem: ({ map }, live) => lacksPatterns('map', map, live),
  read: ({ map }, live) => contentNow('map', map, live),
  after: async () => '0 entries',
  commands: async ({ map }) => [{ words: ['clear', 'map', map] }],
  inverse: async ({ map }, live) => ({ kind: 'map.replace', map, entries: await pairs(map, live) }),
  durable: ({ map }, live) => durablePatterns('map', map, CONTENT, live),
};

/** `prepare map`, `add map @version`, `commit map`: one visible switch. */
export const mapReplace: RemoteRow<ChangeOf<'map.replace'>> = {
  ...COMMON,
  async problem({ map, entries: wanted }, live) {
    return badEntry(plain(wanted)) ?? lacksPatterns('map', map, live);
  },
  read: ({ map }, live) => contentNow('map', map, live),
  after: async ({ entries: wanted }) => contentText('map', lines(plain(wanted)), plain(wanted).length),
  async commands({ map, entries: wanted }, live) {
    const pieces = [...payloads(lines(plain(wanted)), payloadLimit(live.version))];
    const add = pieces.map((payload) => ({ words: ['add', 'map', '@<version>', map], payload }));
    return [{ words: ['prepare', 'map', map] }, ...add, { words: ['commit', 'map', '@<version>', map] }];
  },
  run: ({ map, entries: wanted }, live, wire) =>
    replaceAll('map', map, wire, function* (generation) {
      for (const payload of payloads(lines(plain(wanted)), payloadLimit(live.version)))
        yield { words: ['add', 'map', generation, map], payload };
    }),
  inverse: async ({ map }, live) => ({ kind: 'map.replace', map, entries: await pairs(map, live) }),
  durable: ({ map }, live) => durablePatterns('map', map, CONTENT, live),
};

/** Lists that have been looked through: it is asked before a Change is recorded, and again before it is made. */
const sound = new WeakSet<object>();

function badEntry(wanted: readonly (readonly [string, string])[]): string | null {
  if (sound.has(wanted)) return null;
  for (const [key, value] of wanted) {
    const found = badKey(key) ?? badValue(value);
    if (found) return found;
  }
  sound.add(wanted);
  return null;
}

function* lines(wanted: readonly (readonly [string, string])[]): Generator<string> {
  for (const [key, value] of wanted) yield `${key} ${value}`;
}

async function pairs(map: string, live: Live): Promise<[string, string][]> {
  return (await entries('map', map, live)).map((entry) => {
    const space = entry.indexOf(' ');
    return [entry.slice(0, space), entry.slice(space + 1)];
  });
}
