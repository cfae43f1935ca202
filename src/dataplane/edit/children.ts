/** What stands in sections as lines of its own: listed, read, put in, replaced, taken out. */

import { childrenOf } from '../kinds/claims.ts';
import type { ChildKind } from '../kinds/kind.ts';
import { isAbsent } from '../lines/field.ts';
import { claimed } from './attributes.ts';
import { indentIn, isOpen, type LineSplice, leadOf } from './lines.ts';
import { listSteps } from './list.ts';
import { isRefusal, type Refusal, refusal } from './problem.ts';
import { childName, lineFor, type Resource, resourceOf } from './resource.ts';
import type { Documents, Found, Statement } from './sections.ts';

/** A child with its line. */
export interface Child {
  readonly resource: Resource;
  readonly statement: Statement;
}

export function childrenIn(kind: ChildKind, documents: Documents, found: Found): Child[] {
  return claimed(documents, found).flatMap((statement) =>
    statement.is === 'child' && statement.kind === kind
      ? [{ resource: resourceOf(kind, statement.line), statement }]
      : [],
  );
}

/** The child of that name, or at that place. */
export function childAt(kind: ChildKind, documents: Documents, found: Found, key: string): Child | Refusal {
  const all = childrenIn(kind, documents, found);
  if (kind.name === null) {
    const child = /^\d{1,9}$/.test(key) ? all[Number(key)] : undefined;
    return (
      child ?? refusal('missing', `there is no ${kind.title} ${key}: ${found.name || 'the section'} has ${all.length}`)
    );
  }
  const named = all.filter(({ resource, statement }) => childName(kind, resource, statement.line) === key);
  if (named.length === 1) return named[0]!;
  if (named.length > 1) return refusal('conflict', `${found.name} has more than one ${kind.title} '${key}'`);
  return refusal('missing', `${found.name} has no ${kind.title} '${key}'`);
}

/** Puts a child in: at its place in the list, or behind the last one. */
export function inserted(
  kind: ChildKind,
  documents: Documents,
  found: Found,
  resource: Resource,
  place: number | null,
): LineSplice[] | Refusal {
  const all = childrenIn(kind, documents, found);
  if (kind.name !== null) {
    const name = resource[kind.name];
    if (isAbsent(name)) return refusal('invalid', `${kind.name} is missing`, kind.name);
    if (all.some((child) => childName(kind, child.resource, child.statement.line) === name))
      return refusal('exists', `${found.name} already has a ${kind.title} '${name}'`, kind.name);
  }
  if (place !== null && (place < 0 || place > all.length))
    return refusal('invalid', `index ${place} is not within 0 and ${all.length}, the number of entries`, 'index');
  const line = lineFor(kind, resource, null);
  if (typeof line === 'object') return line;
  return putIn(kind, documents, found, all, place ?? all.length, [indentIn(documents, found) + line]);
}

function putIn(
  kind: ChildKind,
  documents: Documents,
  found: Found,
  all: readonly Child[],
  place: number,
  insert: readonly string[],
): LineSplice[] | Refusal {
  const { document } = found.place;
  const before = all[place - 1]?.statement.index;
  const first = all[0]?.statement.index;
  const at =
    before !== undefined
      ? before + 1
      : first !== undefined
        ? leadOf(documents, found, first)
        : firstPlace(kind, documents, found);
  if (isOpen(documents, document, at - 1))
    return refusal('conflict', 'the line before ends with a backslash, and what follows it would be part of it');
  return [{ document, at, remove: 0, insert }];
}

/** Where the first child of a kind goes: behind the statements that come before it in the table. */
function firstPlace(kind: ChildKind, documents: Documents, found: Found): number {
  const order = childrenOf(found.place.section.kind);
  const rank = order.indexOf(kind);
  const before = claimed(documents, found).filter(
    (statement) => statement.is !== 'child' || order.indexOf(statement.kind) <= rank,
  );
  return (before.at(-1)?.index ?? found.place.section.start) + 1;
}

/** Writes a child anew. `name` is that of the path. */
export function replaced(
  kind: ChildKind,
  documents: Documents,
  found: Found,
  key: string,
  resource: Resource,
): LineSplice[] | Refusal {
  const child = childAt(kind, documents, found, key);
  if (isRefusal(child)) return child;
  const given = kind.name === null || !isAbsent(resource[kind.name]) ? resource : { ...resource, [kind.name]: key };
  const name = kind.name === null ? key : given[kind.name];
  if (name !== key && !isRefusal(childAt(kind, documents, found, String(name))))
    return refusal('exists', `${found.name} already has a ${kind.title} '${name}'`, kind.name!);
  return rewrite(kind, found, child, given);
}

function rewrite(kind: ChildKind, found: Found, { statement }: Child, resource: Resource): LineSplice[] | Refusal {
  const line = lineFor(kind, resource, statement.line);
  if (typeof line === 'object') return line;
  if (line === statement.line.raw) return [];
  return [{ document: found.place.document, at: statement.index, remove: 1, insert: [line] }];
}

export function removed(kind: ChildKind, documents: Documents, found: Found, key: string): LineSplice[] | Refusal {
  const child = childAt(kind, documents, found, key);
  if (isRefusal(child)) return child;
  return [{ document: found.place.document, at: child.statement.index, remove: 1, insert: [] }];
}

/** Another list for all children of a kind. */
export function replacedAll(
  kind: ChildKind,
  documents: Documents,
  found: Found,
  resources: readonly Resource[],
): LineSplice[] | Refusal {
  const all = childrenIn(kind, documents, found);
  const splices: LineSplice[] = [];
  const indent = indentIn(documents, found);
  let place = 0;
  for (const step of listSteps(
    all.map(({ resource }) => resource),
    resources,
  )) {
    let made: LineSplice[] | Refusal;
    if ('drop' in step) {
      const at = all[step.drop]!.statement.index;
      made = [{ document: found.place.document, at, remove: 1, insert: [] }];
      place = step.drop + 1;
    } else if ('keep' in step) {
      made = at(step.with, rewrite(kind, found, all[step.keep]!, resources[step.with]!));
      place = step.keep + 1;
    } else {
      const line = lineFor(kind, resources[step.add]!, null);
      made = at(step.add, typeof line === 'object' ? line : putIn(kind, documents, found, all, place, [indent + line]));
    }
    if (isRefusal(made)) return made;
    splices.push(...made);
  }
  return splices;
}

/** A refusal of one of several, with its place. */
export function at<T extends object>(place: string | number, result: T | Refusal): T | Refusal {
  return isRefusal(result)
    ? { ...result, field: result.field === '' ? String(place) : `${place}/${result.field}` }
    : result;
}
