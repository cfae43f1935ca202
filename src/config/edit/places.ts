/** Where things stand in a set of documents: sections, the conditional blocks around lines. */

import type { Document, DocumentLine, DocumentSection } from '../document.ts';
import type { Location } from '../types.ts';
import type { EditProblem, SectionName } from './edit.ts';
import { writtenLine } from './words.ts';

/** A section in a set of documents. */
export interface Place {
  /** Index of the document. */
  readonly document: number;
  readonly section: DocumentSection;
  /** The conditional block that its title stands in, '' for none. */
  readonly block: string;
}

/** Documents read together as one configuration, with what is derived from their lines. */
export interface Files {
  readonly documents: readonly Document[];
  readonly places: readonly Place[];
  /** For each document, the conditional block of each of its lines: '' outside of all. A directive belongs to the block around it. */
  readonly blocks: readonly (readonly string[])[];
}

export function filesOf(documents: readonly Document[]): Files {
  const layouts = documents.map(layoutOf);
  const places = layouts.flatMap(({ sections, blocks }, i) =>
    sections.map((section) => ({ document: i, section, block: blocks[section.start]! })),
  );
  return { documents, places, blocks: layouts.map(({ blocks }) => blocks) };
}

interface Layout {
  readonly sections: readonly DocumentSection[];
  readonly blocks: readonly string[];
}

const layouts = new WeakMap<object, Layout>();

/** Found once for documents of one shape: an edit of a line in thousands does not change it. */
function layoutOf(document: Document): Layout {
  let layout = layouts.get(document.shape);
  if (layout === undefined)
    layouts.set(document.shape, (layout = { sections: document.sections(), blocks: blocksOf(document) }));
  return layout;
}

/** Blocks in each other that HAProxy reads; files with more are refused, and deeper ones are not told apart here. */
const MAX_NESTED = 64;

/** Each line's block as the lines of the `.if` it is in and the number of the branch: `12.0/15.1`. */
function blocksOf(document: Document): string[] {
  return blocksAround(document, ({ number }, branch) => `${number}.${branch}`);
}

/** The blocks around each line, as `name` calls them by their `.if` and the directive that begins the branch. A directive belongs to the block around it. */
export function blocksAround(
  document: Document,
  name: (opening: DocumentLine, branch: number, directive: DocumentLine) => string,
): string[] {
  const stack: { readonly opening: DocumentLine; branch: number; readonly around: string; text: string }[] = [];
  return document.lines.map((line) => {
    const [first] = line.words;
    const top = stack.at(-1);
    if (first === '.endif') return stack.pop()?.around ?? '';
    if ((first === '.elif' || first === '.else') && top !== undefined) {
      top.branch++;
      top.text = joinBlocks(top.around, name(top.opening, top.branch, line), stack.length);
      return top.around;
    }
    const here = top?.text ?? '';
    if (first === '.if')
      stack.push({
        opening: line,
        branch: 0,
        around: here,
        text: joinBlocks(here, name(line, 0, line), stack.length + 1),
      });
    return here;
  });
}

function joinBlocks(around: string, own: string, depth: number): string {
  if (depth > MAX_NESTED) return around;
  return around === '' ? own : `${around}/${own}`;
}

/** Whether lines of block `inner` are in force whenever those of block `outer` are, or `inner` is a part of it. */
export function isWithin(inner: string, outer: string): boolean {
  return outer === '' || inner === outer || inner.startsWith(`${outer}/`);
}

const KINDS: Readonly<Record<string, readonly string[]>> = {
  frontend: ['frontend', 'listen'],
  backend: ['backend', 'listen'],
};

/** All sections of that name, in the order of the files. */
export function placesOf(files: Files, { kind, name }: SectionName): Place[] {
  const kinds = KINDS[kind] ?? [kind];
  return files.places.filter(
    ({ section }) => kinds.includes(section.kind) && (kind === 'global' || section.name === name),
  );
}

/** The one section of that name, or why there is none to edit. */
export function placeOf(files: Files, wanted: SectionName): Place | EditProblem {
  const found = placesOf(files, wanted);
  const title = sectionText(wanted);
  if (found.length > 1) {
    const places = found.map((place) => placeText(locate(files, place.document, place.section.start)));
    return {
      at: locate(files, found[1]!.document, found[1]!.section.start),
      text: `more than one section is '${title}' (${places.join(', ')}): which one is meant cannot be told`,
    };
  }
  if (found.length === 1) return found[0]!;
  const kinds = KINDS[wanted.kind] ?? [wanted.kind];
  const others = files.places.filter(({ section }) => kinds.includes(section.kind)).map(({ section }) => section.name);
  const known = others.length === 0 ? '' : `; there ${others.length === 1 ? 'is' : 'are'} ${shortList(others)}`;
  return { at: null, text: `there is no section '${title}'${known}` };
}

/** A section as its title says. */
export function sectionText({ kind, name }: SectionName): string {
  return name === '' ? kind : `${kind} ${name}`;
}

export function locate(files: Pick<Files, 'documents'>, document: number, index: number): Location {
  const { name, lines } = files.documents[document]!;
  return { file: name, line: lines[index]?.number ?? 0 };
}

export function placeText({ file, line }: Location): string {
  return `${file}:${line}`;
}

/** Names for a message: not more than ten of them. */
export function shortList(names: readonly string[]): string {
  const some = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${some} and ${names.length - 10} more` : some;
}

/** Lines of a section, its title not among them, as indexes. */
export function linesOf({ section }: Place): number[] {
  return Array.from({ length: section.end - section.start - 1 }, (_, i) => section.start + 1 + i);
}

/** A statement of a file with its place. */
export interface Statement {
  readonly document: number;
  readonly index: number;
  readonly words: readonly string[];
}

/** The statements of a section, directives such as `.if` left out. */
export function statementsOf(files: Files, place: Place): Statement[] {
  const { lines } = files.documents[place.document]!;
  return linesOf(place)
    .map((index) => ({ document: place.document, index, words: lines[index]!.words }))
    .filter(({ words }) => words.length > 0 && !words[0]!.startsWith('.'));
}

/**
 * Why a line of a section cannot be edited, or null: it cannot be cut into words, or it stands in a conditional block that its
 * section's title does not stand in, so that it may not be what is in force.
 */
export function unsafeLine(files: Files, place: Place, index: number): EditProblem | null {
  const at = locate(files, place.document, index);
  const line = files.documents[place.document]!.lines[index]!;
  const { error } = writtenLine(line);
  if (error !== null) return { at, text: `the line cannot be read: ${error}` };
  if (endsOpen(line)) return { at, text: 'the line ends with a backslash and goes on nowhere' };
  if (files.blocks[place.document]![index] === place.block) return null;
  return {
    at,
    text: "the line is inside an '.if' block: whether it is in force is only known at start. Edit it by hand",
  };
}

/** Whether a line ends with a backslash that makes what is put behind it a part of it. */
export function endsOpen({ raw, comment }: DocumentLine): boolean {
  return comment === '' && /(?<!\\)(\\\\)*\\$/.test(raw);
}

/** After which line of a section a new statement goes: the last one of those in `among` that stand in its title's own block, or else the last statement. */
export function lastOf(files: Files, place: Place, among: (words: readonly string[]) => boolean): number {
  const { lines } = files.documents[place.document]!;
  const blocks = files.blocks[place.document]!;
  const own = linesOf(place).filter((index) => blocks[index] === place.block && lines[index]!.words.length > 0);
  const opens = (index: number) => ['.if', '.elif', '.else'].includes(lines[index]!.words[0]!);
  return (
    own.findLast((index) => among(lines[index]!.words)) ?? own.findLast((index) => !opens(index)) ?? place.section.start
  );
}

/** The text of a new line after line `index`: indented as it, or as most of the file's statements where that is a title or a directive. */
export function indentedAfter(document: Document, place: Place, index: number, statement: string): string {
  const { words, indent } = document.lines[index]!;
  const own = index !== place.section.start && !words[0]!.startsWith('.');
  return (own ? indent : usualIndent(document)) + statement;
}

/** The indentation that most statements have, or four blanks. */
export function usualIndent(document: Document): string {
  const counts = new Map<string, number>();
  for (const { words, indent } of document.lines)
    if (words.length > 0 && indent !== '') counts.set(indent, (counts.get(indent) ?? 0) + 1);
  let best = '    ';
  for (const [indent, count] of counts) if (count > (counts.get(best) ?? 0)) best = indent;
  return best;
}
