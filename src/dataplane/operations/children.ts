/** Operations on what stands in sections, from the table of its kinds. */

import { childAt, childrenIn, inserted, removed, replaced, replacedAll } from '../edit/children.ts';
import { type LineSplice, spliced } from '../edit/lines.ts';
import { isRefusal, type Refusal } from '../edit/problem.ts';
import type { Resource } from '../edit/resource.ts';
import { type Documents, type Found, sectionNamed } from '../edit/sections.ts';
import { CHILDREN } from '../kinds/children.ts';
import type { ChildKind, SectionKind } from '../kinds/kind.ts';
import { sectionKind } from '../kinds/sections.ts';
import { ApiError, orThrow } from '../service/error.ts';
import { type Call, type Operation, type Parameter, param, TRANSACTION, WRITE_QUERY } from './operation.ts';
import { documentsFor, etagOf, write } from './write.ts';

/** Where the children of a kind of section are, and which section is meant. */
interface Parent {
  readonly kind: SectionKind;
  readonly child: ChildKind;
  readonly path: string;
  readonly query: readonly Parameter[];
  readonly nameOf: (call: Call) => string;
}

/** Paths of sections where they are parents, other than those of the sections themselves. */
const SEGMENTS: Readonly<Record<string, string>> = { peers: 'peers' };
/** Children whose section is named in the query: that name. */
const BY_QUERY: Readonly<Record<string, string>> = {
  user: 'userlist',
  group: 'userlist',
  nameserver: 'resolver',
  peer_entry: 'peer_section',
  mailer_entry: 'mailers_section',
};

function parentOf(child: ChildKind, kind: SectionKind): Parent {
  const base = '/services/haproxy/configuration';
  const named = BY_QUERY[child.model];
  if (named !== undefined) {
    const query = [param(named, 'string', `Name of the ${kind.title}.`, true)];
    return { kind, child, path: `${base}/${child.path}`, query, nameOf: (call) => call.query.required(named) };
  }
  if (kind.naming === 'single')
    return { kind, child, path: `${base}/${kind.path}/${child.path}`, query: [], nameOf: () => '' };
  const key = kind.keyword === 'crt-store' ? 'crt_store' : 'parent_name';
  const path = `${base}/${SEGMENTS[kind.keyword] ?? kind.path}/{${key}}/${child.path}`;
  return { kind, child, path, query: [], nameOf: (call) => call.path[key]! };
}

/** What names a child in its path. */
function keyOf({ name, model }: ChildKind): string {
  return name === null
    ? 'index'
    : ['prefix', 'username', 'certificate'].includes(name) && model !== 'server'
      ? name
      : 'name';
}

function operationsOf(parent: Parent): Operation[] {
  const { child } = parent;
  const key = keyOf(child);
  // These are lists that are only appended to.
  const appended = ['ssl_front_use', 'force_be_switch'].includes(child.model);
  const collection =
    child.name !== null || appended ? [list(parent), append(parent)] : [list(parent), replaceAll(parent)];
  const insertion = child.name === null && !appended ? [insert(parent)] : [];
  return [...collection, get(parent, key), ...insertion, put(parent, key), remove(parent, key)];
}

function common({ child, kind, query }: Parent, verb: string, what = `one ${child.title}`) {
  return { group: child.model, summary: `${verb} ${what} of a ${kind.title}`, query: [...query] };
}

function list(parent: Parent): Operation {
  const { child, kind, nameOf } = parent;
  const base = common(parent, 'lists', `every ${child.title}`);
  const filter = child.model === 'acl' ? [param('acl_name', 'string', 'Only those of this name.')] : [];
  return {
    ...base,
    method: 'GET',
    path: parent.path,
    query: [...base.query, ...filter, TRANSACTION],
    body: null,
    success: [200],
    answer: { model: child.model, many: true },
    async run(call) {
      const documents = await documentsFor(call);
      const found = sectionNamed(documents, kind, nameOf(call));
      const all = isRefusal(found) ? [] : childrenIn(child, documents, found).map(({ resource }) => resource);
      const name = call.query.text('acl_name');
      return { status: 200, body: name === null ? all : all.filter((acl) => acl['acl_name'] === name) };
    },
  };
}

function get(parent: Parent, key: string): Operation {
  const { child, kind, nameOf } = parent;
  const base = common(parent, 'reads');
  return {
    ...base,
    method: 'GET',
    path: `${parent.path}/{${key}}`,
    query: [...base.query, TRANSACTION],
    body: null,
    success: [200],
    answer: { model: child.model, many: false },
    async run(call) {
      const documents = await documentsFor(call);
      const found = orThrow(sectionNamed(documents, kind, nameOf(call)));
      const { resource } = orThrow(childAt(child, documents, found, call.path[key]!));
      return { status: 200, body: resource, headers: { etag: etagOf(resource) } };
    },
  };
}

/** Documents with lines changed in the section that is meant. */
function edited(
  { kind, nameOf }: Parent,
  call: Call,
  documents: Documents,
  splices: (found: Found) => LineSplice[] | Refusal,
): Documents {
  const found = sectionNamed(documents, kind, nameOf(call));
  if (isRefusal(found)) throw new ApiError(400, found.text);
  return spliced(documents, orThrow(splices(found)));
}

/** The child as documents have it; null when it is not there. */
function childOf({ kind, child, nameOf }: Parent, call: Call, key: string) {
  return (documents: Documents): unknown => {
    const found = sectionNamed(documents, kind, nameOf(call));
    if (isRefusal(found)) return null;
    const one = childAt(child, documents, found, key);
    return isRefusal(one) ? null : one.resource;
  };
}

function append(parent: Parent): Operation {
  const { child } = parent;
  const base = common(parent, 'adds', `a ${child.title}`);
  return {
    ...base,
    method: 'POST',
    path: parent.path,
    query: [...base.query, ...WRITE_QUERY],
    body: { model: child.model, many: false },
    success: [201, 202],
    answer: { model: child.model, many: false },
    run: (call) => {
      const resource = call.body as Resource;
      const name = child.name === null ? null : String(resource[child.name] ?? '');
      return write(call, {
        edit: (documents) =>
          edited(parent, call, documents, (found) => inserted(child, documents, found, resource, null)),
        current: name === null ? () => null : childOf(parent, call, name),
        answer: name === null ? () => resource : childOf(parent, call, name),
        status: 201,
      });
    },
  };
}

function insert(parent: Parent): Operation {
  const { child } = parent;
  const base = common(parent, 'puts in', `a ${child.title} at its place in the list`);
  return {
    ...base,
    method: 'POST',
    path: `${parent.path}/{index}`,
    query: [...base.query, ...WRITE_QUERY],
    body: { model: child.model, many: false },
    success: [201, 202],
    answer: { model: child.model, many: false },
    run: (call) => {
      const index = call.path['index']!;
      if (!/^\d{1,9}$/.test(index)) throw new ApiError(400, `index '${index}' is no number`);
      return write(call, {
        edit: (documents) =>
          edited(parent, call, documents, (found) =>
            inserted(child, documents, found, call.body as Resource, Number(index)),
          ),
        current: childOf(parent, call, index),
        answer: childOf(parent, call, index),
        status: 201,
      });
    },
  };
}

function put(parent: Parent, key: string): Operation {
  const { child } = parent;
  const base = common(parent, 'replaces');
  return {
    ...base,
    method: 'PUT',
    path: `${parent.path}/{${key}}`,
    query: [...base.query, ...WRITE_QUERY],
    body: { model: child.model, many: false },
    success: [200, 202],
    answer: { model: child.model, many: false },
    run: (call) => {
      const resource = call.body as Resource;
      const name = call.path[key]!;
      const now = child.name === null ? name : String(resource[child.name] ?? name);
      return write(call, {
        edit: (documents) =>
          edited(parent, call, documents, (found) => replaced(child, documents, found, name, resource)),
        current: childOf(parent, call, name),
        answer: childOf(parent, call, now),
        status: 200,
      });
    },
  };
}

function replaceAll(parent: Parent): Operation {
  const { child, kind, nameOf } = parent;
  const base = common(parent, 'replaces', `every ${child.title}`);
  const all = (call: Call) => (documents: Documents) => {
    const found = sectionNamed(documents, kind, nameOf(call));
    return isRefusal(found) ? null : childrenIn(child, documents, found).map(({ resource }) => resource);
  };
  return {
    ...base,
    method: 'PUT',
    path: parent.path,
    query: [...base.query, ...WRITE_QUERY],
    body: { model: child.model, many: true },
    success: [200, 202],
    answer: { model: child.model, many: true },
    run: (call) =>
      write(call, {
        edit: (documents) =>
          edited(parent, call, documents, (found) => replacedAll(child, documents, found, call.body as Resource[])),
        current: all(call),
        answer: all(call),
        status: 200,
      }),
  };
}

function remove(parent: Parent, key: string): Operation {
  const { child } = parent;
  const base = common(parent, 'removes');
  return {
    ...base,
    method: 'DELETE',
    path: `${parent.path}/{${key}}`,
    query: [...base.query, ...WRITE_QUERY],
    body: null,
    success: [202, 204],
    answer: null,
    run: (call) =>
      write(call, {
        edit: (documents) =>
          edited(parent, call, documents, (found) => removed(child, documents, found, call.path[key]!)),
        current: childOf(parent, call, call.path[key]!),
        answer: () => undefined,
        status: 204,
      }),
  };
}

export const CHILD_OPERATIONS: readonly Operation[] = CHILDREN.flatMap((child) =>
  child.sections.flatMap((keyword) => operationsOf(parentOf(child, sectionKind(keyword)!))),
);
