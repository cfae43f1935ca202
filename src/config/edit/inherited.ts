/** What `defaults` sections and `default-server` lines say for a section and the servers in it. */

import { type Files, isWithin, linesOf, type Place, placesOf, type Statement, statementsOf } from './places.ts';

/** A line that counts for a section although it stands elsewhere, or for a server although it is not its own. */
export interface Inherited extends Statement {
  /** Whether it is known to be in force: not so inside a conditional block. */
  readonly certain: boolean;
}

/** The `defaults` sections that a proxy or a `defaults` section takes its settings from, furthest first. */
export function defaultsOf(files: Files, place: Place): { readonly place: Place; readonly certain: boolean }[] {
  const chain: { place: Place; certain: boolean }[] = [];
  const seen = new Set<Place>();
  for (let at: Place | null = place; at !== null; ) {
    const found = nearestDefaults(files, at);
    if (found.some(({ place: next }) => seen.has(next))) break;
    for (const next of found) seen.add(next.place);
    chain.unshift(...found);
    at = found.at(-1)?.place ?? null;
  }
  return chain;
}

/** The section named by `from`, or the one before; with it those that count if a conditional block leaves it out. */
function nearestDefaults(files: Files, place: Place): { place: Place; certain: boolean }[] {
  const { words } = files.documents[place.document]!.lines[place.section.start]!;
  const from = words.indexOf('from', 1);
  const certain = (other: Place) =>
    isWithin(place.block, other.block) && (other.block === '' || other.document === place.document);
  if (from > 0) {
    const name = words[from + 1] ?? '';
    const named = placesOf(files, { kind: 'defaults', name });
    return named.map((other) => ({ place: other, certain: named.length === 1 && certain(other) }));
  }
  if (place.section.kind === 'defaults') return [];
  const before = files.places
    .slice(0, files.places.indexOf(place))
    .filter(({ section }) => section.kind === 'defaults');
  const sure = before.findLastIndex(certain);
  return before
    .slice(Math.max(0, sure))
    .map((other) => ({ place: other, certain: sure === before.length - 1 && certain(other) }));
}

/** Statements that a section inherits from its `defaults`, those that count last at the end. */
export function inheritedStatements(files: Files, place: Place): Inherited[] {
  return defaultsOf(files, place).flatMap(({ place: defaults, certain }) => {
    const blocks = files.blocks[defaults.document]!;
    return statementsOf(files, defaults).map((statement) => ({
      ...statement,
      certain: certain && blocks[statement.index] === defaults.block,
    }));
  });
}

/** The `default-server` lines that count for a server on line `index` of a section, in order. */
export function defaultServerLines(files: Files, place: Place, index: number): Inherited[] {
  const blocks = files.blocks[place.document]!;
  const own = linesOf(place)
    .filter((line) => line < index)
    .map((line) => ({
      document: place.document,
      index: line,
      words: files.documents[place.document]!.lines[line]!.words,
      certain: isWithin(blocks[index] ?? place.block, blocks[line]!),
    }));
  return [...inheritedStatements(files, place), ...own].filter(({ words }) => words[0] === 'default-server');
}
