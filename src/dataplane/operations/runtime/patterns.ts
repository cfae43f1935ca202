/** Maps and ACLs in the memory of the running process. */

import { open, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import Type from 'typebox';
import {
  type PatternSet,
  parseAclEntry,
  parseLookup,
  parseMapEntry,
  parsePatternSet,
} from '../../../client/parse/patterns.ts';
import { ApiError } from '../../service/error.ts';
import { type Call, type Operation, param } from '../operation.ts';
import { jsonList, linesOf, make, runtimeRows } from './reply.ts';

const TEXT = Type.String({ minLength: 1 });
const MAP_ENTRY = Type.Object(
  { id: Type.Optional(Type.String()), key: TEXT, value: Type.String() },
  { additionalProperties: false },
);
const VALUE = Type.Object(
  { id: Type.Optional(Type.String()), key: Type.Optional(Type.String()), value: Type.String() },
  { additionalProperties: false },
);
const ACL_ENTRY = Type.Object({ id: Type.Optional(Type.String()), value: TEXT }, { additionalProperties: false });
const SYNC = param('force_sync', 'boolean', "The map's file is written, too.");

async function sets({ service }: Call, kind: 'map' | 'acl'): Promise<PatternSet[]> {
  const text = await service.balancer.ask(['show', kind]);
  return text.split('\n').flatMap((line) => parsePatternSet(line) ?? []);
}

/** The map or ACL that a name in a path stands for: its number, its file, or the name of the file. */
async function setNamed(call: Call, kind: 'map' | 'acl', name: string): Promise<PatternSet> {
  const all = await sets(call, kind);
  const found = all.filter(
    ({ id, file }) =>
      `#${id}` === name ||
      String(id) === name ||
      file === name ||
      basename(file) === name ||
      basename(file) === `${name}.map`,
  );
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw new ApiError(400, `more than one ${kind} is called '${name}': name it by its file or #id`);
  throw new ApiError(404, `there is no ${kind} '${name}'`);
}

function reference({ id, file }: PatternSet): string {
  return file === '' ? `#${id}` : file;
}

function view(set: PatternSet) {
  const { id, file, description, entry_cnt } = set;
  return {
    id: String(id),
    file,
    storage_name: basename(file),
    description,
    ...(entry_cnt === null ? {} : { size: String(entry_cnt) }),
  };
}

async function* entriesOf(call: Call, kind: 'map' | 'acl', set: PatternSet) {
  for await (const line of linesOf(call.service.balancer.stream(['show', kind, reference(set)]))) {
    const map = kind === 'map' ? parseMapEntry(line) : null;
    if (map !== null) yield { id: map.ref, key: map.key, value: map.value };
    const acl = kind === 'acl' ? parseAclEntry(line) : null;
    if (acl !== null) yield { id: acl.ref, value: acl.pattern };
  }
}

/** The entry with this key itself; a pattern that fits it is another one. */
async function mapEntry(call: Call, set: PatternSet, key: string) {
  for await (const entry of entriesOf(call, 'map', set)) if (entry.key === key) return entry;
  throw new ApiError(404, `map '${reference(set)}' has no key '${key}'`);
}

async function hasKey(call: Call, set: PatternSet, key: string): Promise<boolean> {
  const found = parseLookup(await call.service.balancer.ask(['get', 'map', reference(set), key]));
  return found.found && (found.key === null || found.key === key);
}

/** Writes what is in memory to the map's file, whole or not at all. */
async function sync(call: Call, set: PatternSet): Promise<void> {
  const { maps, mapsFollow } = call.service.settings.storage;
  if (!call.query.flag('force_sync') && !(mapsFollow && set.file.startsWith(`${maps}/`))) return;
  if (set.file === '') throw new ApiError(400, `map #${set.id} has no file`);
  const temporary = `${set.file}.new-${process.pid}`;
  const file = await open(temporary, 'w', 0o644);
  try {
    let text = '';
    for await (const { key, value } of entriesOf(call, 'map', set)) {
      text += `${key} ${value}\n`;
      if (text.length > 65_536) {
        await file.write(text);
        text = '';
      }
    }
    await file.write(text);
    await file.sync();
    await file.close();
    await rename(temporary, set.file);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

const MAPS = runtimeRows('maps', [
  {
    method: 'GET',
    path: '/maps',
    summary: 'lists the maps that are loaded',
    query: [param('include_unmanaged', 'boolean', "Those outside the service's folder of maps, too.")],
    success: [200],
    async run(call) {
      const all = await sets(call, 'map');
      const own = `${call.service.settings.storage.maps}/`;
      const shown = call.query.flag('include_unmanaged') ? all : all.filter(({ file }) => file.startsWith(own));
      return { status: 200, body: shown.map(view) };
    },
  },
  {
    method: 'GET',
    path: '/maps/{name}',
    summary: 'tells of a map',
    success: [200],
    run: async (call) => ({ status: 200, body: view(await setNamed(call, 'map', call.path['name']!)) }),
  },
  {
    method: 'PUT',
    path: '/maps/{name}',
    summary: 'puts other entries in place of all of a map, in one switch',
    query: [SYNC],
    body: { list: MAP_ENTRY },
    success: [201],
    async run(call) {
      const set = await setNamed(call, 'map', call.path['name']!);
      const given = call.body as readonly { readonly key: string; readonly value: string }[];
      const entries = given.map(({ key, value }) => [key, value] as const);
      return make(call, [{ kind: 'map.replace', map: reference(set), entries }], async () => {
        await sync(call, set);
        return { status: 201, body: { entries: given.length } };
      });
    },
  },
  {
    method: 'DELETE',
    path: '/maps/{name}',
    summary: 'empties a map',
    query: [SYNC, param('forceDelete', 'boolean', 'The file is deleted, too.')],
    success: [204],
    async run(call) {
      const set = await setNamed(call, 'map', call.path['name']!);
      return make(call, [{ kind: 'map.clear', map: reference(set) }], async () => {
        await sync(call, set);
        if (call.query.flag('forceDelete') && set.file !== '') await rm(set.file, { force: true });
        return { status: 204 };
      });
    },
  },
  {
    method: 'GET',
    path: '/maps/{parent_name}/entries',
    summary: 'lists the entries of a map',
    success: [200],
    async run(call) {
      const set = await setNamed(call, 'map', call.path['parent_name']!);
      return { status: 200, text: jsonList(entriesOf(call, 'map', set)) };
    },
  },
  {
    method: 'POST',
    path: '/maps/{parent_name}/entries',
    summary: 'adds an entry to a map',
    query: [SYNC],
    body: { schema: MAP_ENTRY },
    success: [201],
    async run(call) {
      const set = await setNamed(call, 'map', call.path['parent_name']!);
      const { key, value } = call.body as { readonly key: string; readonly value: string };
      if (await hasKey(call, set, key)) throw new ApiError(409, `map '${reference(set)}' already has a key '${key}'`);
      return make(call, [{ kind: 'map.add', map: reference(set), key, value }], async () => {
        await sync(call, set);
        return { status: 201, body: { key, value } };
      });
    },
  },
  {
    method: 'GET',
    path: '/maps/{parent_name}/entries/{id}',
    summary: 'looks a key up',
    success: [200],
    async run(call) {
      const set = await setNamed(call, 'map', call.path['parent_name']!);
      return { status: 200, body: await mapEntry(call, set, call.path['id']!) };
    },
  },
  {
    method: 'PUT',
    path: '/maps/{parent_name}/entries/{id}',
    summary: 'sets the value of a key',
    query: [SYNC],
    body: { schema: VALUE },
    success: [200],
    async run(call) {
      const set = await setNamed(call, 'map', call.path['parent_name']!);
      const key = call.path['id']!;
      const { value } = call.body as { readonly value: string };
      return make(call, [{ kind: 'map.set', map: reference(set), key, value }], async () => {
        await sync(call, set);
        return { status: 200, body: { key, value } };
      });
    },
  },
  {
    method: 'DELETE',
    path: '/maps/{parent_name}/entries/{id}',
    summary: 'takes a key out',
    query: [SYNC],
    success: [204],
    async run(call) {
      const set = await setNamed(call, 'map', call.path['parent_name']!);
      return make(call, [{ kind: 'map.del', map: reference(set), key: call.path['id']! }], async () => {
        await sync(call, set);
        return { status: 204 };
      });
    },
  },
]);

const ACLS = runtimeRows('acls', [
  {
    method: 'GET',
    path: '/acls',
    summary: 'lists the ACLs that are loaded',
    success: [200],
    run: async (call) => ({ status: 200, body: (await sets(call, 'acl')).map(view) }),
  },
  {
    method: 'GET',
    path: '/acls/{id}',
    summary: 'tells of an ACL',
    success: [200],
    run: async (call) => ({ status: 200, body: view(await setNamed(call, 'acl', call.path['id']!)) }),
  },
  {
    method: 'GET',
    path: '/acls/{parent_name}/entries',
    summary: 'lists the patterns of an ACL',
    success: [200],
    async run(call) {
      const set = await setNamed(call, 'acl', call.path['parent_name']!);
      return { status: 200, text: jsonList(entriesOf(call, 'acl', set)) };
    },
  },
  {
    method: 'POST',
    path: '/acls/{parent_name}/entries',
    summary: 'adds a pattern to an ACL',
    body: { schema: ACL_ENTRY },
    success: [201],
    async run(call) {
      const set = await setNamed(call, 'acl', call.path['parent_name']!);
      const { value } = call.body as { readonly value: string };
      for await (const entry of entriesOf(call, 'acl', set))
        if (entry.value === value)
          throw new ApiError(409, `ACL '${reference(set)}' already has the pattern '${value}'`);
      return make(call, [{ kind: 'acl.add', acl: reference(set), pattern: value }], () => ({
        status: 201,
        body: { value },
      }));
    },
  },
  {
    method: 'PUT',
    path: '/acls/{parent_name}/entries',
    summary: 'puts other patterns in place of all of an ACL, in one switch',
    body: { list: ACL_ENTRY },
    success: [201],
    async run(call) {
      const set = await setNamed(call, 'acl', call.path['parent_name']!);
      const patterns = (call.body as readonly { readonly value: string }[]).map(({ value }) => value);
      return make(call, [{ kind: 'acl.replace', acl: reference(set), patterns }], () => ({
        status: 201,
        body: call.body,
      }));
    },
  },
  {
    method: 'GET',
    path: '/acls/{parent_name}/entries/{id}',
    summary: 'reads a pattern of an ACL',
    success: [200],
    run: async (call) => ({ status: 200, body: await aclEntry(call) }),
  },
  {
    method: 'DELETE',
    path: '/acls/{parent_name}/entries/{id}',
    summary: 'takes a pattern out of an ACL',
    success: [204],
    async run(call) {
      const set = await setNamed(call, 'acl', call.path['parent_name']!);
      const { id, value } = await aclEntry(call);
      return make(call, [{ kind: 'acl.del', acl: reference(set), pattern: value, entry: id }], () => ({ status: 204 }));
    },
  },
]);

/** By its reference, or by the pattern itself. */
async function aclEntry(call: Call): Promise<{ readonly id: string; readonly value: string }> {
  const set = await setNamed(call, 'acl', call.path['parent_name']!);
  const wanted = call.path['id']!;
  for await (const entry of entriesOf(call, 'acl', set))
    if (entry.id === wanted || entry.value === wanted) return entry;
  throw new ApiError(404, `ACL '${reference(set)}' has no entry '${wanted}'`);
}

export const RUNTIME_PATTERNS: readonly Operation[] = [...MAPS, ...ACLS];
