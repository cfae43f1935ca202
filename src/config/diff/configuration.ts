/** A configuration as it is compared: sections by name, and their statements with places. */

import type { Document } from '../document.ts';
import { blocksAround, type Files, filesOf, locate, type Place, statementsOf } from '../edit/places.ts';
import { type Word, writtenLine } from '../edit/words.ts';
import type { Location } from '../types.ts';
import type { Side } from './difference.ts';

/** A statement as it is compared. */
export interface Line {
  readonly words: readonly Word[];
  readonly text: string;
  readonly at: Location;
  /** Index in its document. */
  readonly index: number;
  readonly place: Place;
  /** The conditional blocks around it, as their conditions say; '' for none. */
  readonly condition: string;
  /** The same for two lines that mean the same: words, which of them are variables, conditions. */
  readonly identity: string;
}

export interface Section {
  /** Kind, name, conditions, and a number where that is not enough: which sections of two configurations are the same. */
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  readonly title: Line;
  /** Where it is written; `global` may be there several times. */
  readonly places: readonly Place[];
  readonly lines: readonly Line[];
}

export interface Configuration {
  readonly files: Files;
  readonly sections: ReadonlyMap<string, Section>;
}

export function configurationOf(documents: readonly Document[]): Configuration {
  const files = filesOf(documents);
  const conditions = documents.map(conditionsOf);
  const sections = new Map<string, Section>();
  const counts = new Map<string, number>();
  for (const place of files.places) {
    const { kind, name } = place.section;
    const title = lineOf(files, conditions, place, place.section.start);
    const lines = statementsOf(files, place).map(({ index }) => lineOf(files, conditions, place, index));
    const key = [kind, name, title.condition].join('\n');
    const known = kind === 'global' ? sections.get(key) : undefined;
    if (known !== undefined) {
      sections.set(key, { ...known, places: [...known.places, place], lines: [...known.lines, ...lines] });
      continue;
    }
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    const unique = count === 1 ? key : `${key}\n${count}`;
    sections.set(unique, { key: unique, kind, name, title, places: [place], lines });
  }
  return { files, sections };
}

function lineOf(files: Files, conditions: readonly (readonly string[])[], place: Place, index: number): Line {
  const { document } = place;
  const { words, error, raw } = writtenLine(files.documents[document]!.lines[index]!);
  const text = error === null ? words.map((word) => word.text).join(' ') : raw.trim();
  const condition = conditions[document]![index]!;
  const identity = [
    condition,
    ...(error === null ? words.map((word) => `${word.variable}:${word.text}`) : [`unreadable:${text}`]),
  ].join('\0');
  return { words, text, at: locate(files, document, index), index, place, condition, identity };
}

/** The conditions around each line, so that blocks of two files can be told to be the same. */
function conditionsOf(document: Document): string[] {
  return blocksAround(document, (opening, branch, directive) =>
    branch === 0 ? opening.words.join(' ') : `${opening.words.join(' ')}, ${branch}: ${directive.words.join(' ')}`,
  );
}

/** Whether a line counts for sure: it stands in no conditional block. */
export function isCertain(line: Line): boolean {
  return line.condition === '';
}

export function sideOf(line: Line, text = line.text): Side {
  return { at: line.at, text };
}
