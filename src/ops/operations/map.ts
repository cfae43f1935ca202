import type { Change } from '../../change/change.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import { textKind } from '../kinds.ts';
import { changing, reading } from '../operation.ts';
import { count, table } from '../text.ts';
import { diffOf, type MapDiff, readMapFile } from './map-file.ts';
import { findMap, identifier } from './patterns.ts';

const MAP = {
  kind: textKind('MAP', 'the file of a map as HAProxy names it, its last part, or `#id`'),
  about: 'the map',
} as const;
const KEY = { kind: textKind('KEY', 'a key'), about: 'the key' } as const;
const FILE = {
  kind: textKind('FILE', 'a file of this machine, a key and a value on each line', 'files'),
  about: 'the entries',
} as const;
const PAGE = { page: 'maps.md', group: 'patterns' } as const;

export const mapShow = reading({
  ...PAGE,
  name: 'map show',
  summary: 'the maps there are, or what is in one',
  parameters: {
    map: { ...MAP, optional: true },
    key: { kind: KEY.kind, about: 'what a look-up of this gives', optional: true },
  },
  options: {},
  about: [
    'With a key it asks for what the map gives for that value, by the way the map is matched (string, prefix, address, ...).',
  ],
  examples: [
    { command: 'map show', about: 'the maps and how many entries they have' },
    { command: 'map show hosts.map www.example.net', about: 'what a request for this host gets' },
  ],
  async show({ map, key }, { target: { client } }) {
    if (map === null) {
      const maps = await client.showMaps();
      const rows = maps.map((set) => [
        identifier(set),
        set.entry_cnt === null ? '' : count(set.entry_cnt, 'entry', 'entries'),
      ]);
      return {
        records: maps.map((set) => ({ type: 'map', ...set })),
        lines: rows.length === 0 ? ['no maps'] : table(rows.map((row) => row.map(shown))),
      };
    }
    const name = await findMap(client, map);
    if (key !== null) {
      const found = await client.getMap(name, key);
      const line = found.found ? `${key} -> ${found.value} (entry ${found.key})` : `${key}: nothing found`;
      return { records: [{ type: 'lookup', map: name, asked: key, ...found }], lines: [shown(line)] };
    }
    const entries = await client.showMap(name);
    const rows = entries.map((entry) => [entry.key, entry.value].map(shown));
    return { records: entries.map((entry) => ({ type: 'entry', map: name, ...entry })), lines: table(rows) };
  },
});

export const mapSet = changing({
  ...PAGE,
  name: 'map set',
  summary: 'give a key of a map a value; the key is added where it is not there',
  parameters: { map: MAP, key: KEY, value: { kind: textKind('VALUE', 'a value'), about: 'the value' } },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['map.add', 'map.set'],
  inverse: 'the value it had before, or the key is deleted',
  about: ['In force at once, in the process only: change the file too if it is to outlive a restart.'],
  examples: [{ command: 'map set hosts.map www.example.net be_green', about: 'a host goes to another backend' }],
  async plan({ map, key, value }, { target: { client } }) {
    const name = await findMap(client, map);
    const there = (await client.showMap(name)).some((entry) => entry.key === key);
    return { steps: [{ do: 'change', changes: [{ kind: there ? 'map.set' : 'map.add', map: name, key, value }] }] };
  },
});

export const mapDel = changing({
  ...PAGE,
  name: 'map del',
  summary: 'delete a key of a map',
  parameters: { map: MAP, key: KEY },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['map.del'],
  inverse: 'the key is added again, at the end',
  about: ['What is looked up by this key then finds nothing, or a less exact entry.'],
  examples: [{ command: 'map del hosts.map old.example.net', about: 'a host that is gone' }],
  async plan({ map, key }, { target: { client } }) {
    const name = await findMap(client, map);
    return { steps: [{ do: 'change', changes: [{ kind: 'map.del', map: name, key }] }] };
  },
});

export const mapImport = changing({
  ...PAGE,
  name: 'map import',
  summary: 'put the entries of a file in the place of those of a map, in one switch',
  parameters: { map: MAP, file: FILE },
  options: { empty: { kind: null, about: 'the file may be empty' } },
  danger: 'changes',
  guards: [],
  makes: ['map.replace'],
  inverse: 'the entries of before',
  about: [
    'Requests see the old entries or the new ones, never a mix: the new ones are prepared aside and put in force together.',
    'A file without entries is refused without `--empty`.',
  ],
  examples: [{ command: 'map import hosts.map ./hosts.map --dry-run', about: 'how many entries come, go and change' }],
  async plan({ map, file, empty }, { target: { client } }) {
    const name = await findMap(client, map);
    const entries = readMapFile(file);
    if (entries.length === 0 && !empty)
      throw new OperationError('refused', `${file} has no entries; --empty if the map is to be empty`);
    const difference = diffOf(await client.showMap(name), entries);
    if (difference.length === 0) return { steps: [], notes: [`${name} is as the file says already`] };
    const change: Change = { kind: 'map.replace', map: name, entries };
    return { steps: [{ do: 'change', changes: [change] }], notes: [sumOf(difference)] };
  },
});

export const mapDiff = reading({
  ...PAGE,
  name: 'map diff',
  summary: 'what tells a map from a file',
  parameters: { map: MAP, file: FILE },
  options: {},
  about: [
    '`-` is in the map only, `+` in the file only, `~` has another value. `map import` makes the map what the file is.',
  ],
  examples: [{ command: 'map diff hosts.map ./hosts.map', about: 'before an import' }],
  async show({ map, file }, { target: { client } }) {
    const difference = diffOf(await client.showMap(await findMap(client, map)), readMapFile(file));
    const rows = difference.map(({ key, live, file: wanted }) => {
      if (wanted === null) return `- ${key} ${live}`;
      return live === null ? `+ ${key} ${wanted}` : `~ ${key} ${live} -> ${wanted}`;
    });
    return {
      records: difference.map((row) => ({ type: 'difference', ...row })),
      lines: [...rows.map(shown), sumOf(difference)],
    };
  },
});

function sumOf(difference: readonly MapDiff[]): string {
  const added = difference.filter(({ live }) => live === null).length;
  const removed = difference.filter(({ file }) => file === null).length;
  return `${added} added, ${removed} removed, ${difference.length - added - removed} changed`;
}
