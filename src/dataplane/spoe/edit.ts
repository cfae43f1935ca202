/** Edits of SPOE files: scopes and the sections in them. What is not touched stays as it is written. */

import { attributesOf } from '../edit/attributes.ts';
import { type LineSplice, spliced } from '../edit/lines.ts';
import { commentOf, metadataOf } from '../edit/metadata.ts';
import { isRefusal, type Refusal, refusal } from '../edit/problem.ts';
import type { Resource } from '../edit/resource.ts';
import type { Documents, Found } from '../edit/sections.ts';
import { rewrittenSection, wantedStatements } from '../edit/write-attributes.ts';
import type { SectionKind } from '../kinds/kind.ts';
import { isAbsent } from '../lines/field.ts';
import { linesOf, scopeName, scopeNamed, scopesOf, sectionsIn, spoeSection } from './places.ts';

const NAME = /^[A-Za-z0-9_.:-]+$/;
const INDENT = '    ';

/** All sections of a kind in a scope; of a scope that is not there none. */
export function readAll(documents: Documents, scope: string, kind: SectionKind): Resource[] {
  const own = scopeNamed(documents, scope);
  if (isRefusal(own)) return [];
  return sectionsIn(documents, own, kind).map((found) => attributesOf(kind, documents, found));
}

export function readOne(documents: Documents, scope: string, kind: SectionKind, name: string): Resource | Refusal {
  const found = spoeSection(documents, scope, kind, name);
  return isRefusal(found) ? found : attributesOf(kind, documents, found);
}

/** Documents with a new scope at the end of the file. */
export function addScope(documents: Documents, given: string): Documents | Refusal {
  const name = scopeName(given);
  if (!/^\[[^\s[\]"'#\\]+\]$/.test(name))
    return refusal('invalid', `'${given}' is no name of a scope: it has blanks, quotes or brackets in it`);
  if (scopesOf(documents).some((scope) => scope.name === name))
    return refusal('exists', `there already is a scope '${name}'`);
  return spliced(documents, [below(documents, linesOf(documents).length, [name])]);
}

/** Documents without a scope and what is in it. */
export function removeScope(documents: Documents, name: string): Documents | Refusal {
  const scope = scopeNamed(documents, name);
  if (isRefusal(scope)) return scope;
  return spliced(documents, [without(documents, scope.start, scope.end)]);
}

/** Documents with a new section at the end of a scope. */
export function addSection(
  documents: Documents,
  scope: string,
  kind: SectionKind,
  resource: Resource,
): Documents | Refusal {
  const own = scopeNamed(documents, scope);
  if (isRefusal(own)) return own.refused === 'missing' ? { ...own, refused: 'conflict' } : own;
  const { name, metadata, ...fields } = resource as Resource & { readonly name: string };
  if (!NAME.test(name)) return refusal('invalid', `'${name}' is no name of a ${kind.title}`, 'name');
  if (sectionsIn(documents, own, kind).some((found) => found.name === name))
    return refusal('exists', `scope '${own.name}' already has a ${kind.title} '${name}'`, 'name');
  const wanted = wantedStatements(kind, fields);
  if (isRefusal(wanted)) return wanted;
  const comment = isAbsent(metadata) ? '' : commentOf(metadata as Resource);
  const lines = [`${kind.keyword} ${name}${comment}`, ...wanted.map(({ text }) => INDENT + text)];
  const used =
    linesOf(documents)
      .slice(0, own.end)
      .findLastIndex(({ words }) => words.length > 0) + 1;
  return spliced(documents, [below(documents, used, lines)]);
}

/** Documents with other fields of a section. */
export function replaceOne(
  documents: Documents,
  scope: string,
  kind: SectionKind,
  name: string,
  resource: Resource,
): Documents | Refusal {
  const found = spoeSection(documents, scope, kind, name);
  if (isRefusal(found)) return found;
  const { name: given, metadata, ...fields } = resource;
  if (!isAbsent(given) && given !== name)
    return refusal('invalid', `name is '${given}', the path says '${name}': a ${kind.title} cannot be renamed`, 'name');
  const splices = rewrittenSection(kind, documents, found, fields);
  if (isRefusal(splices)) return splices;
  return spliced(documents, [...retitled(documents, found, metadata as Resource | undefined), ...splices]);
}

export function removeSection(
  documents: Documents,
  scope: string,
  kind: SectionKind,
  name: string,
): Documents | Refusal {
  const found = spoeSection(documents, scope, kind, name);
  if (isRefusal(found)) return found;
  const { start, end } = found.place.section;
  return spliced(documents, [without(documents, start, end)]);
}

/** The title with another comment, where one is given. */
function retitled(documents: Documents, { place }: Found, metadata: Resource | undefined): LineSplice[] {
  const { raw, comment } = linesOf(documents)[place.section.start]!;
  if (isAbsent(metadata) || JSON.stringify(metadataOf(comment)) === JSON.stringify(metadata)) return [];
  const title = raw.slice(0, raw.length - comment.length) + commentOf(metadata!);
  return [{ document: 0, at: place.section.start, remove: 1, insert: [title] }];
}

/** Lines put in at an index, a blank line before them. */
function below(documents: Documents, at: number, lines: readonly string[]): LineSplice {
  const before = linesOf(documents)[at - 1];
  const gap = before === undefined || before.raw.trim() === '' ? [] : [''];
  return { document: 0, at, remove: 0, insert: [...gap, ...lines] };
}

/** Lines taken out, but for the comments above what comes next. */
function without(documents: Documents, start: number, end: number): LineSplice {
  const lines = linesOf(documents);
  const used = lines.slice(0, end).findLastIndex(({ words }) => words.length > 0);
  let last = end;
  if (end < lines.length) while (last > used + 1 && lines[last - 1]!.raw.trim() !== '') last--;
  return { document: 0, at: start, remove: last - start, insert: [] };
}
