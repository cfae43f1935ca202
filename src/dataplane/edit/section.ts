/** Whole sections: read, made, replaced, removed, with their children where asked for. */

import { usualIndent } from '../../config/edit/places.ts';
import { childrenOf, fullField } from '../kinds/claims.ts';
import type { ChildKind, SectionKind } from '../kinds/kind.ts';
import { isAbsent } from '../lines/field.ts';
import { asWord } from '../lines/values.ts';
import { attributesOf } from './attributes.ts';
import { at, childrenIn, replacedAll } from './children.ts';
import { type LineSplice, spliced } from './lines.ts';
import { commentOf, metadataOf } from './metadata.ts';
import { isRefusal, type Refusal, refusal } from './problem.ts';
import { childName, lineFor, type Resource } from './resource.ts';
import { type Documents, type Found, sectionNamed, sectionsOf } from './sections.ts';
import { rewrittenSection, wantedStatements } from './write-attributes.ts';

/** A section as a resource; `full`: with its children. */
export function readSection(kind: SectionKind, documents: Documents, found: Found, full: boolean): Resource {
  const attributes = attributesOf(kind, documents, found);
  if (!full) return attributes;
  const children = childrenOf(kind.keyword).flatMap((child): [string, unknown][] => {
    const all = childrenIn(child, documents, found);
    if (all.length === 0) return [];
    const field = fullField(child, kind.keyword);
    if (child.name === null) return [[field, all.map(({ resource }) => resource)]];
    const named = all.map(({ resource, statement }) => [childName(child, resource, statement.line), resource]);
    return [[field, Object.fromEntries(named)]];
  });
  return { ...attributes, ...Object.fromEntries(children) };
}

/** Documents with a new section. */
export function createSection(
  kind: SectionKind,
  documents: Documents,
  resource: Resource,
  full: boolean,
): Documents | Refusal {
  const parts = partsOf(kind, resource, full);
  if (isRefusal(parts)) return parts;
  const { name = '' } = parts as { readonly name?: string };
  if (kind.naming === 'named' || name !== '') {
    const problem = nameProblem(name);
    if (problem !== null) return problem;
  }
  const twin = sectionsOf(documents, kind).some(
    (one) => kind.naming === 'single' || (name !== '' && one.name === name),
  );
  if (twin)
    return refusal(
      'exists',
      kind.naming === 'single' ? `there already is a ${kind.title}` : `there already is a ${kind.title} '${name}'`,
      'name',
    );
  const wanted = wantedStatements(kind, parts.fields);
  if (isRefusal(wanted)) return wanted;
  const children = parts.children.map(([child, list]) => linesOf(child, fullField(child, kind.keyword), list));
  const wrong = children.find(isRefusal);
  if (wrong !== undefined) return wrong;
  const title = titleOf(kind, name, parts);
  if (typeof title === 'object') return title;
  const statements = [...wanted.map(({ text }) => text), ...(children as string[][]).flat()];
  return spliced(documents, [newSection(kind, documents, title, statements, parts)]);
}

function linesOf(child: ChildKind, field: string, list: readonly Resource[]): string[] | Refusal {
  const lines: string[] = [];
  for (const [i, item] of list.entries()) {
    const line = at(`${field}/${child.name === null ? i : item[child.name]}`, asResult(lineFor(child, item, null)));
    if ('refused' in line) return line;
    lines.push(line.text);
  }
  return lines;
}

function asResult(line: string | Refusal): { readonly text: string } | Refusal {
  return typeof line === 'string' ? { text: line } : line;
}

/**
 * A section goes to the end of the last file, `global` to the beginning of the first. A `defaults` section would count for the
 * proxies behind it that name none: so it goes before the first one that is there.
 */
function newSection(
  kind: SectionKind,
  documents: Documents,
  title: string,
  statements: readonly string[],
  { from }: Parts,
): LineSplice {
  const [first] = sectionsOf(documents, kind);
  if (kind.keyword === 'defaults' && from === null && first !== undefined) {
    const { document, section } = first.place;
    return splice(documents, document, startOf(documents, document, section.start), title, statements, 'after');
  }
  if (kind.keyword === 'global') {
    const { lines } = documents[0]!;
    const begin = lines.findIndex(({ words }) => words.length > 0);
    return splice(documents, 0, begin < 0 ? lines.length : startOf(documents, 0, begin), title, statements, 'after');
  }
  const document = documents.length - 1;
  return splice(documents, document, documents[document]!.lines.length, title, statements, 'before');
}

function splice(
  documents: Documents,
  document: number,
  index: number,
  title: string,
  statements: readonly string[],
  blank: 'before' | 'after',
): LineSplice {
  const { lines } = documents[document]!;
  const indent = usualIndent(documents[document]!);
  const insert = [title, ...statements.map((text) => indent + text)];
  if (blank === 'after') insert.push('');
  else if (index > 0 && lines[index - 1]!.raw.trim() !== '') insert.unshift('');
  return { document, at: index, remove: 0, insert };
}

/** Where a section begins with the comments above its title. */
function startOf(documents: Documents, document: number, index: number): number {
  const { lines } = documents[document]!;
  let start = index;
  while (start > 0 && lines[start - 1]!.words.length === 0 && lines[start - 1]!.raw.trim() !== '') start--;
  // A comment at the very top is about the file.
  return start === 0 && index > 0 ? index : start;
}

/** Documents with other fields, and where `full` other children, of a section. */
export function replaceSection(
  kind: SectionKind,
  documents: Documents,
  name: string,
  resource: Resource,
  full: boolean,
): Documents | Refusal {
  const found = sectionNamed(documents, kind, name);
  if (isRefusal(found)) {
    if (kind.naming === 'single' && found.refused === 'missing') return createSection(kind, documents, resource, full);
    return found;
  }
  const parts = partsOf(kind, resource, full);
  if (isRefusal(parts)) return parts;
  if (!isAbsent(parts.name) && parts.name !== name)
    return refusal(
      'invalid',
      `name is '${parts.name}', the path says '${name}': a ${kind.title} cannot be renamed`,
      'name',
    );
  const titled = retitled(kind, documents, found, parts);
  if (isRefusal(titled)) return titled;
  const splices = rewrittenSection(kind, documents, found, parts.fields);
  if (isRefusal(splices)) return splices;
  let current = spliced(documents, [...titled, ...splices]);
  if (!full) return current;
  for (const [child, list] of parts.children) {
    const again = sectionNamed(current, kind, name);
    if (isRefusal(again)) return again;
    const made = replacedAll(child, current, again, list);
    if (isRefusal(made)) return at(fullField(child, kind.keyword), made);
    current = spliced(current, made);
  }
  return current;
}

/** Documents without a section; comments above the next one stay. */
export function deleteSection(kind: SectionKind, documents: Documents, name: string): Documents | Refusal {
  const found = sectionNamed(documents, kind, name);
  if (isRefusal(found)) return found;
  const { document, section } = found.place;
  const { lines } = documents[document]!;
  const directive = lines.slice(section.start, section.end).findIndex(({ words }) => words[0]?.startsWith('.'));
  if (directive >= 0)
    return refusal(
      'conflict',
      `${kind.title} '${name}' has conditional lines in it (line ${lines[section.start + directive]!.number}): remove it by hand`,
    );
  let { end } = section;
  const used = lines.slice(0, end).findLastIndex(({ words }) => words.length > 0);
  if (end < lines.length) while (end > used + 1 && lines[end - 1]!.raw.trim() !== '') end--;
  return spliced(documents, [{ document, at: section.start, remove: end - section.start, insert: [] }]);
}

/** What a resource says: of the title, of the section, and of its children. */
interface Parts {
  readonly name: string | undefined;
  readonly from: string | null;
  readonly metadata: Resource | undefined;
  readonly fields: Resource;
  readonly children: readonly (readonly [ChildKind, readonly Resource[]])[];
}

function partsOf(kind: SectionKind, resource: Resource, full: boolean): Parts | Refusal {
  const { name, from, metadata, ...others } = resource;
  const fields: Record<string, unknown> = others;
  const children: [ChildKind, readonly Resource[]][] = [];
  for (const child of childrenOf(kind.keyword)) {
    const field = fullField(child, kind.keyword);
    const given = fields[field];
    delete fields[field];
    if (isAbsent(given) && !full) continue;
    if (!full)
      return refusal('invalid', `${field} is written with full_section=true, or by the path of ${child.path}`, field);
    const list = childList(child, field, given);
    if ('refused' in list) return list;
    children.push([child, list.items]);
  }
  return {
    name: isAbsent(name) ? undefined : (name as string),
    from: isAbsent(from) || !kind.inherits ? null : (from as string),
    metadata: metadata as Resource | undefined,
    fields: kind.inherits || from === undefined ? fields : { ...fields, from },
    children,
  };
}

/** Named children come as an object by name, others as a list. */
function childList(child: ChildKind, field: string, given: unknown): { readonly items: readonly Resource[] } | Refusal {
  if (isAbsent(given)) return { items: [] };
  if (child.name === null) return { items: given as readonly Resource[] };
  const items: Resource[] = [];
  for (const [name, item] of Object.entries(given as Record<string, Resource>)) {
    const own = item[child.name];
    if (!isAbsent(own) && own !== name)
      return refusal('invalid', `${child.name} is '${own}', its key is '${name}'`, `${field}/${name}/${child.name}`);
    items.push({ ...item, [child.name]: name });
  }
  return { items };
}

function nameProblem(name: string): Refusal | null {
  if (name === '') return refusal('invalid', 'name is missing', 'name');
  if (!/^[A-Za-z0-9_.:-]+$/.test(name))
    return refusal(
      'invalid',
      `name '${name}' has a character other than letters, digits, '-', '_', '.' and ':'`,
      'name',
    );
  return null;
}

function titleOf(kind: SectionKind, name: string, { from, metadata }: Parts): string | Refusal {
  if (from !== null && asWord(from) !== from) return refusal('invalid', 'from cannot be written in a line', 'from');
  const words = [kind.keyword, ...(name === '' ? [] : [name]), ...(from === null ? [] : ['from', from])];
  return words.join(' ') + (isAbsent(metadata) ? '' : commentOf(metadata!));
}

/** The title with another `from` or comment. */
function retitled(kind: SectionKind, documents: Documents, found: Found, parts: Parts): LineSplice[] | Refusal {
  const { document, section } = found.place;
  const line = documents[document]!.lines[section.start]!;
  const was =
    line.words.indexOf('from') > 0 && kind.inherits ? (line.words[line.words.indexOf('from') + 1] ?? null) : null;
  const same = isAbsent(parts.metadata) || JSON.stringify(metadataOf(line.comment)) === JSON.stringify(parts.metadata);
  if ((was === parts.from || !kind.inherits) && same) return [];
  const title = titleOf(kind, section.name, parts);
  if (typeof title === 'object') return title;
  const comment = isAbsent(parts.metadata) ? line.comment : '';
  return [{ document, at: section.start, remove: 1, insert: [line.indent + title + comment] }];
}
