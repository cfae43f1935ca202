/** Sections: their statements to the fields of a resource. */

import { writtenLine } from '../../config/edit/words.ts';
import { claimsOf } from '../kinds/claims.ts';
import type { ChildKind, Row, SectionKind } from '../kinds/kind.ts';
import type { Fields } from '../lines/field.ts';
import { match } from '../lines/match.ts';
import { metadataOf } from './metadata.ts';
import type { Resource } from './resource.ts';
import { type Documents, type Found, type Statement, statementsIn } from './sections.ts';

/** A statement with what it stands for. */
export type Claimed =
  | (Statement & { readonly is: 'child'; readonly kind: ChildKind })
  | (Statement & { readonly is: 'row'; readonly row: Row; readonly fields: Fields })
  | (Statement & { readonly is: 'unknown' });

/** The statements of a section, each with what it is. */
export function claimed(documents: Documents, { place }: Found): Claimed[] {
  const claims = claimsOf(place.section.kind);
  return statementsIn(documents, place).map((statement): Claimed => {
    const { words } = statement.line;
    const kind = claims.childOf(words);
    if (kind !== null) return { ...statement, is: 'child', kind };
    const rows = claims.rowsOf(words);
    if (rows.length === 0) return { ...statement, is: 'unknown' };
    const written = writtenLine(statement.line);
    for (const row of rows) {
      const found = match(row.form, written);
      if (found !== null) return { ...statement, is: 'row', row, fields: found.fields };
    }
    return { ...statement, is: 'unknown' };
  });
}

/** The section itself as a resource, without its children. */
export function attributesOf(kind: SectionKind, documents: Documents, found: Found): Resource {
  const { place, name } = found;
  const title = documents[place.document]!.lines[place.section.start]!;
  const resource: Record<string, unknown> = kind.naming === 'single' ? {} : { name };
  const from = kind.inherits ? title.words.indexOf('from') : -1;
  if (from > 0 && title.words[from + 1] !== undefined) resource['from'] = title.words[from + 1];
  for (const statement of claimed(documents, found))
    if (statement.is === 'row') assign(resource, statement.row, statement.fields);
  const metadata = metadataOf(title.comment);
  return metadata === undefined ? resource : { ...resource, metadata };
}

/** Puts what a statement says into the resource. */
function assign(resource: Record<string, unknown>, { at, set }: Row, fields: Fields): void {
  const target = at.endsWith('[]') ? itemAt(resource, at.slice(0, -2)) : objectAt(resource, at);
  for (const [path, value] of Object.entries(set)) {
    if (value === undefined) continue;
    const own = at !== '' && path.startsWith(`${at}.`) ? path.slice(at.length + 1) : null;
    if (own !== null) target[own] = value;
    else setAt(resource, path, value);
  }
  Object.assign(target, fields);
  if (at !== '' && !at.endsWith('[]') && Object.keys(target).length === 0) setAt(resource, at, undefined);
}

function objectAt(resource: Record<string, unknown>, path: string): Record<string, unknown> {
  let object = resource;
  for (const key of path.split('.').filter((part) => part !== ''))
    object = (object[key] ??= {}) as Record<string, unknown>;
  return object;
}

function itemAt(resource: Record<string, unknown>, path: string): Record<string, unknown> {
  const keys = path.split('.');
  const parent = objectAt(resource, keys.slice(0, -1).join('.'));
  const list = (parent[keys.at(-1)!] ??= []) as Record<string, unknown>[];
  const item = {};
  list.push(item);
  return item;
}

function setAt(resource: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  const object = objectAt(resource, keys.slice(0, -1).join('.'));
  if (value === undefined) delete object[keys.at(-1)!];
  else object[keys.at(-1)!] = value;
}
