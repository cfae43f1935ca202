/** The sections of a configuration by kind and name, and the statements in them. */

import type { Document, DocumentLine } from '../../config/document.ts';
import { type Files, filesOf, linesOf, type Place, shortList } from '../../config/edit/places.ts';
import type { SectionKind } from '../kinds/kind.ts';
import { type Refusal, refusal } from './problem.ts';

/** The documents of one configuration, as they stand at a moment. */
export type Documents = readonly Document[];

/** A section as the API names it. */
export interface Found {
  readonly place: Place;
  /** Of a `defaults` section without name: `unnamed_defaults_1`, ... */
  readonly name: string;
}

const known = new WeakMap<Documents, Files>();

/** What is derived from documents, made once for each set of them. */
export function filesFor(documents: Documents): Files {
  let files = known.get(documents);
  if (files === undefined) known.set(documents, (files = filesOf(documents)));
  return files;
}

/** The sections of a kind, in the order of the files. Of `global`, which may be there several times, the last one alone. */
export function sectionsOf(documents: Documents, kind: SectionKind): Found[] {
  let unnamed = 0;
  const found = filesFor(documents)
    .places.filter(({ section }) => section.kind === kind.keyword)
    .map((place) => {
      const { name } = place.section;
      return { place, name: name === '' && kind.naming === 'unnamed' ? `unnamed_defaults_${++unnamed}` : name };
    });
  return kind.naming === 'single' ? found.slice(-1) : found;
}

/** The section of that name, or a refusal: there is none, or more than one. */
export function sectionNamed(documents: Documents, kind: SectionKind, name: string): Found | Refusal {
  const all = sectionsOf(documents, kind);
  const found = kind.naming === 'single' ? all : all.filter((one) => one.name === name);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) return refusal('conflict', `more than one ${kind.title} is called '${name}'`);
  const names = all.length === 0 ? 'there is none' : `there ${all.length === 1 ? 'is' : 'are'} ${nameList(all)}`;
  return refusal(
    'missing',
    kind.naming === 'single' ? `there is no ${kind.title}` : `no ${kind.title} is called '${name}'; ${names}`,
  );
}

function nameList(all: readonly Found[]): string {
  return shortList(all.map(({ name }) => name));
}

/** A statement of a section that stands in the section's own conditional block: others are left as they are. */
export interface Statement {
  /** Index of its line in the document. */
  readonly index: number;
  readonly line: DocumentLine;
}

export function statementsIn(documents: Documents, place: Place): Statement[] {
  const { lines } = documents[place.document]!;
  const blocks = filesFor(documents).blocks[place.document]!;
  return linesOf(place)
    .filter((index) => blocks[index] === place.block && lines[index]!.words.length > 0)
    .map((index) => ({ index, line: lines[index]! }))
    .filter(({ line }) => !line.words[0]!.startsWith('.'));
}
