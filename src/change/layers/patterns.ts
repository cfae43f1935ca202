import { createHash } from 'node:crypto';
import type { PatternReferenceConfig } from '../../config/types.ts';
import type { Model } from '../../model/model.ts';
import { REMEMBERED_AT_MOST, valuesBefore } from '../../model/patterns/base.ts';
import { readPatterns } from '../../model/patterns/read-patterns.ts';
import type { LivePatterns } from '../../model/patterns/references.ts';
import type { Change } from '../change.ts';
import { entriesText } from '../rows/patterns/versions.ts';
import type { Layers, Place } from './attribute.ts';

type PatternKind = 'map' | 'acl';

/** Attribute of a map or an ACL whose entries were all replaced. */
export const CONTENT = 'content';
const ABSENT = '(absent)';

/** The attribute that one key of a map or an ACL is. */
export function keyAttribute(key: string): string {
  return `key ${key}`;
}

/** What operators are told to be in maps and ACLs that have a file: the whole, or a key. Null: there is none, or too much to be kept. */
export function patternLayers(
  { type, object, attribute }: Place & { readonly type: PatternKind },
  { patterns }: Model,
): Omit<Layers, keyof Place> | null {
  const live = patterns.find(type, object);
  if (live === null) return null;
  if (attribute === CONTENT) return contentLayers(type, live);
  return keyLayers(type, live, attribute.slice(keyAttribute('').length));
}

function keyLayers(type: PatternKind, live: LivePatterns, key: string): Omit<Layers, keyof Place> | null {
  const { store, config } = live;
  const said = valuesBefore(live, key);
  if (said === null) return null;
  const there = [...store.withKey(store.current, key)].map((entry) => (config.keyed ? store.value(entry) : ''));
  const tell = (values: readonly string[]) => told(type, values);
  return {
    file: tell(said),
    live: tell(there),
    same: isAlike(type, said, there),
    make: edit(type, config.name, key, said, there),
    restore: edit(type, config.name, key, there, said),
  };
}

function told(type: PatternKind, values: readonly string[]): string {
  if (values.length === 0) return ABSENT;
  return type === 'map' ? values.join(', ') : 'listed';
}

/** A pattern that an ACL has several times is there as one that it has once. */
function isAlike(type: PatternKind, a: readonly string[], b: readonly string[]): boolean {
  return type === 'acl' ? a.length > 0 === b.length > 0 : isSame(a, b);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/**
 * The Change that makes other values of those that a key has, or at least what a look-up gives, the first of them; null where no single one
 * does.
 */
function edit(
  type: PatternKind,
  name: string,
  key: string,
  from: readonly string[],
  to: readonly string[],
): Change | null {
  if (type === 'acl') {
    if (to.length > 0) return { kind: 'acl.add', acl: name, pattern: key };
    return from.length === 1 ? { kind: 'acl.del', acl: name, pattern: key } : null;
  }
  const common = isSame(from.slice(0, to.length), to.slice(0, from.length));
  if (common && to.length > from.length) {
    const more = to.slice(from.length).map((value) => [key, value] as const);
    if (more.length > 1) return { kind: 'map.add-all', map: name, entries: more };
    return { kind: 'map.add', map: name, key, value: more[0]![1] };
  }
  if (common && to.length < from.length) {
    if (from.length === 1) return { kind: 'map.del', map: name, key };
    return { kind: 'map.del-all', map: name, keys: from.slice(to.length).map(() => key) };
  }
  return { kind: 'map.set', map: name, key, value: to[0]! };
}

function contentLayers(type: PatternKind, live: LivePatterns): Omit<Layers, keyof Place> {
  const { store, config, base } = live;
  const entries: [string, string][] = [];
  if (base !== null && base !== 'many')
    for (const entry of store.entries(store.current))
      entries.push([store.key(entry), config.keyed ? store.value(entry) : '']);
  return {
    file: fileText(config),
    live: base === null ? fileText(config) : entriesText(store.count(store.current)),
    same: base === null,
    make: base === null || base === 'many' ? null : replacement(type, config.name, entries),
    restore: filed(type, config),
  };
}

function replacement(type: PatternKind, name: string, entries: readonly (readonly [string, string])[]): Change {
  if (type === 'map') return { kind: 'map.replace', map: name, entries };
  return { kind: 'acl.replace', acl: name, patterns: entries.map(([key]) => key) };
}

/** What puts the entries of the file in force; null when they are too many. */
function filed(type: PatternKind, config: PatternReferenceConfig): Change | null {
  const entries: (readonly [string, string])[] = [];
  for (const { key, value } of readPatterns(config)) {
    if (entries.length === REMEMBERED_AT_MOST) return null;
    entries.push([key, value]);
  }
  return replacement(type, config.name, entries);
}

const digests = new WeakMap<object, string>();

/** Tells two contents of a file apart. */
function fileText({ source }: PatternReferenceConfig): string {
  if (source === null) return ABSENT;
  let text = digests.get(source);
  if (text === undefined) {
    const content = source instanceof Uint8Array ? source : source.join('\n');
    text = `sha256 ${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
    digests.set(source, text);
  }
  return text;
}
