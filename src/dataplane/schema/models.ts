/** JSON Schema of the resources, out of the tables. */

import Type, { type TSchema } from 'typebox';
import { CHILDREN } from '../kinds/children.ts';
import { childrenOf, fullField } from '../kinds/claims.ts';
import type { ChildKind, SectionKind } from '../kinds/kind.ts';
import { SECTIONS } from '../kinds/sections.ts';
import { SPOE_SECTIONS } from '../kinds/spoe.ts';
import type { Field } from '../lines/field.ts';
import { siteModel } from '../sites/model.ts';

const METADATA = Type.Record(Type.String(), Type.Unknown());
const NAME = Type.String({ pattern: '^[A-Za-z0-9_.:-]+$' });

type Members = Record<string, TSchema>;

/** An object of these members; those in `required` must be there. Members that are null are as good as absent, and left out before. */
function objectOf(members: Members, required: readonly string[], title: string): TSchema {
  const own = Object.entries(members).map(([name, schema]) => [
    name,
    required.includes(name) ? schema : Type.Optional(schema),
  ]);
  return Type.Object(Object.fromEntries(own), { additionalProperties: false, title });
}

/** The model of a child. */
function childModel(kind: ChildKind): TSchema {
  const members: Members = {};
  for (const { form, set } of kind.variants) {
    for (const [name, value] of Object.entries(set)) members[name] = withValue(members[name], value);
    for (const field of form.fields) members[field.name] = united(members[field.name], field);
  }
  members['raw'] = Type.String({
    minLength: 1,
    description: 'The whole statement, in place of fields, where it has a form that they do not cover.',
  });
  members['metadata'] = METADATA;
  if (kind.name === null)
    members['index'] = Type.Integer({ minimum: 0, description: 'Accepted and not used: the path tells the place.' });
  return objectOf(members, [], kind.title);
}

/** The model of a section; `full`: with its children. */
function sectionModel(kind: SectionKind, full: boolean): TSchema {
  const root: Tree = new Map();
  for (const { at, form, set } of kind.rows) {
    const target = treeAt(root, at);
    for (const field of form.fields)
      target.set(field.name, united(target.get(field.name) as TSchema | undefined, field));
    for (const [path, value] of Object.entries(set)) {
      if (value === undefined) continue;
      const own = at !== '' && path.startsWith(`${at}.`) ? path.slice(at.length + 1) : null;
      const keys = (own ?? path).split('.');
      const place = own === null ? treeAt(root, keys.slice(0, -1).join('.')) : target;
      place.set(keys.at(-1)!, withValue(place.get(keys.at(-1)!) as TSchema | undefined, value));
    }
  }
  const members = membersOf(root);
  if (kind.naming !== 'single') members['name'] = NAME;
  if (kind.inherits) members['from'] = Type.String({ minLength: 1 });
  members['metadata'] = METADATA;
  if (full)
    for (const child of childrenOf(kind.keyword)) {
      const item = Type.Ref(child.model);
      members[fullField(child, kind.keyword)] =
        child.name === null ? Type.Array(item) : Type.Record(Type.String(), item);
    }
  return objectOf(members, kind.naming === 'named' ? ['name'] : [], kind.title);
}

/** All models by name. */
export function allModels(): Readonly<Record<string, TSchema>> {
  const models: Readonly<Record<string, TSchema>> = Object.fromEntries([
    ...CHILDREN.map((kind) => [kind.model, childModel(kind)] as const),
    ...SECTIONS.flatMap((kind) => [
      [kind.model, sectionModel(kind, true)] as const,
      [`${kind.model}_base`, sectionModel(kind, false)] as const,
    ]),
    ...SPOE_SECTIONS.map((kind) => [kind.model, sectionModel(kind, false)] as const),
  ]);
  return { ...models, site: siteModel(models['frontend']!, models['backend']!) };
}

/** Objects in objects; a key that ends with `[]` is a list of them. */
type Tree = Map<string, TSchema | Tree>;

function treeAt(root: Tree, path: string): Tree {
  let tree = root;
  for (const key of path.split('.').filter((part) => part !== '')) {
    const next = tree.get(key);
    if (next instanceof Map) tree = next;
    else {
      const made: Tree = new Map();
      tree.set(key, made);
      tree = made;
    }
  }
  return tree;
}

function membersOf(tree: Tree): Members {
  const members: Members = {};
  for (const [key, value] of tree) {
    if (!(value instanceof Map)) members[key] = value;
    else if (value.size > 0) {
      const inner = Object.entries(membersOf(value)).map(([name, schema]) => [name, Type.Optional(schema)]);
      const object = Type.Object(Object.fromEntries(inner), { additionalProperties: false });
      const name = key.replace(/\[\]$/, '');
      members[name] = key.endsWith('[]') ? Type.Array(object) : object;
    }
  }
  return members;
}

/** A schema that allows this value besides what it allows. */
function withValue(schema: TSchema | undefined, value: unknown): TSchema {
  if (typeof value === 'boolean') return Type.Boolean();
  const { enum: known = [] } = (schema ?? {}) as { readonly enum?: readonly string[] };
  return Type.String({ enum: [...new Set([...known, value as string])] });
}

/** What several forms allow for one field. */
function united(known: TSchema | undefined, { schema }: Field): TSchema {
  if (known === undefined) return schema;
  const [a, b] = [known, schema] as { readonly type?: string; readonly enum?: readonly string[] }[];
  if (a!.type !== b!.type) return known;
  if (a!.enum === undefined || b!.enum === undefined) return a!.enum === undefined ? known : schema;
  return Type.String({ enum: [...new Set([...a!.enum, ...b!.enum])] });
}
