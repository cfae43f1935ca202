/** Edits of statements that a section has once, and of whole sections. */

import type { EditOf, EditProblem, Planned, SectionName, Splice } from './edit.ts';
import { inheritedStatements } from './inherited.ts';
import {
  type Files,
  indentedAfter,
  lastOf,
  locate,
  type Place,
  placeOf,
  placesOf,
  placeText,
  type Statement,
  sectionText,
  statementsOf,
  unsafeLine,
  usualIndent,
} from './places.ts';
import { backendReference } from './references.ts';
import { isWritable, statementOf, withoutWords, withWords, withWordsAfter, writtenLine } from './words.ts';

/** The sections that a statement may stand in: `global` may be there several times, any other once. */
function sectionsOf(files: Files, section: SectionName): readonly Place[] | EditProblem {
  if (section.kind === 'global') {
    const found = placesOf(files, section);
    return found.length === 0 ? { at: null, text: "there is no section 'global'" } : found;
  }
  const place = placeOf(files, section);
  return 'text' in place ? place : [place];
}

/** Statements of these sections that begin with the words of one of `keywords`, with the first reason not to touch them. */
function findStatements(files: Files, places: readonly Place[], keywords: readonly string[]) {
  const found: (Statement & { readonly unsafe: EditProblem | null })[] = [];
  for (const place of places) {
    for (const statement of statementsOf(files, place)) {
      if (!keywords.some((keyword) => keyword.split(' ').every((word, i) => statement.words[i] === word))) continue;
      found.push({ ...statement, unsafe: unsafeLine(files, place, statement.index) });
    }
  }
  return found;
}

/** Sets the values of the statement that counts, the last one, or adds it after the section's last statement. */
export function setStatement(files: Files, { section, keyword, values }: EditOf<'statement.set'>): Planned {
  const places = sectionsOf(files, section);
  if ('text' in places) return places;
  if (!values.every(isWritable))
    return { at: null, text: `a value of '${keyword}' is empty or has an end of line in it` };
  const found = findStatements(files, places, [keyword]);
  const own = found.at(-1);
  if (own === undefined) return added(files, places[0]!, [...keyword.split(' '), ...values]);
  if (own.unsafe !== null) return own.unsafe;
  // HAProxy takes the first one in `global`, and complains of the others; in a proxy it takes the last one.
  if (section.kind === 'global' && found.length > 1)
    return {
      at: locate(files, own.document, own.index),
      text: `'${keyword}' stands more than once in 'global' (first at ${placeText(locate(files, found[0]!.document, found[0]!.index))}): leave one`,
    };
  const line = writtenLine(files.documents[own.document]!.lines[own.index]!);
  const first = keyword.split(' ').length;
  const variable = line.words.slice(first).find((word) => word.variable !== '');
  if (variable !== undefined)
    return {
      at: locate(files, own.document, own.index),
      text: `'${keyword}' depends on an environment variable ('${variable.text}'): edit it by hand`,
    };
  const old = line.words.slice(first).map(({ text }) => text);
  if (old.length === values.length && old.every((word, i) => word === values[i])) return [];
  const raw = old.length === 0 ? withWordsAfter(line, values) : withWords(line, first, old.length, values);
  return [{ document: own.document, at: own.index, remove: 1, insert: [raw] }];
}

/** Takes all statements of that keyword out of the section. */
export function unsetStatement(files: Files, { section, keyword }: EditOf<'statement.unset'>): Planned {
  const places = sectionsOf(files, section);
  if ('text' in places) return places;
  const found = findStatements(files, places, [keyword]);
  return found.find(({ unsafe }) => unsafe !== null)?.unsafe ?? removal(found);
}

/** A word on the statement that counts, or not. */
export function setStatementWord(files: Files, { section, keyword, word, on }: EditOf<'statement.word'>): Planned {
  const places = sectionsOf(files, section);
  if ('text' in places) return places;
  const own = findStatements(files, places, [keyword]).at(-1);
  if (own === undefined)
    return {
      at: locate(files, places[0]!.document, places[0]!.section.start),
      text: `section '${sectionText(section)}' has no '${keyword}' line of its own`,
    };
  if (own.unsafe !== null) return own.unsafe;
  const line = writtenLine(files.documents[own.document]!.lines[own.index]!);
  const first = keyword.split(' ').length;
  const at = line.words.findIndex(({ text, variable }, i) => i >= first && variable === '' && text === word);
  if (at >= 0 === on) return [];
  const raw = on ? withWordsAfter(line, [word]) : withoutWords(line, at, 1);
  return [{ document: own.document, at: own.index, remove: 1, insert: [raw] }];
}

function removal(statements: readonly Statement[]): Splice[] {
  return statements.map(({ document, index }) => ({ document, at: index, remove: 1, insert: [] })).toReversed();
}

/** `disabled` in a section, or `enabled` where `defaults` would disable it. */
export function setDisabled(files: Files, { section, on }: EditOf<'section.disabled'>): Planned {
  const place = placeOf(files, section);
  if ('text' in place) return place;
  const own = findStatements(files, [place], ['disabled', 'enabled']);
  const unsafe = own.find((one) => one.unsafe !== null)?.unsafe;
  if (unsafe) return unsafe;
  const last = own.at(-1);
  const wanted = on ? 'disabled' : 'enabled';
  if (last?.words[0] === wanted) return [];
  const inherited = inheritedDisabled(files, place);
  if (last === undefined) return inherited === on ? [] : added(files, place, [wanted]);
  if (inherited === on) return removal(own);
  const line = writtenLine(files.documents[last.document]!.lines[last.index]!);
  return [{ document: last.document, at: last.index, remove: 1, insert: [withWords(line, 0, 1, [wanted])] }];
}

/** What `defaults` say; null when a conditional block decides. */
function inheritedDisabled(files: Files, place: Place): boolean | null {
  let on: boolean | null = false;
  for (const { words, certain } of inheritedStatements(files, place)) {
    if (words[0] === 'disabled' || words[0] === 'enabled') on = certain ? words[0] === 'disabled' : null;
  }
  return on;
}

function added(files: Files, place: Place, words: readonly string[]): Planned {
  const after = lastOf(files, place, () => false);
  const raw = indentedAfter(files.documents[place.document]!, place, after, statementOf(words));
  return [{ document: place.document, at: after + 1, remove: 0, insert: [raw] }];
}

/** A section at the end of the last file, after a blank line. */
export function appendSection(files: Files, { title, statements }: EditOf<'section.append'>): Planned {
  const section = { kind: title[0] ?? '', name: title[1] ?? '' };
  if (![title, ...statements].every((words) => words.length > 0 && words.every(isWritable)))
    return { at: null, text: `a word of section '${sectionText(section)}' is empty or has an end of line in it` };
  const [twin] = placesOf(files, section);
  if (twin !== undefined) {
    const at = locate(files, twin.document, twin.section.start);
    return { at, text: `there already is a section '${sectionText(twin.section)}'` };
  }
  const document = files.documents.length - 1;
  const last = files.documents[document];
  if (last === undefined) return { at: null, text: 'there is no file to add a section to' };
  const indent = usualIndent(last);
  const blank = last.lines.length > 0 && last.lines.at(-1)!.raw.trim() !== '' ? [''] : [];
  const insert = [...blank, statementOf(title), ...statements.map((words) => indent + statementOf(words))];
  return [{ document, at: last.lines.length, remove: 0, insert }];
}

/** Title, statements and the blank lines after them; comments before the next title stay. */
export function removeSection(files: Files, { section }: EditOf<'section.remove'>): Planned {
  const place = placeOf(files, section);
  if ('text' in place) return place;
  const { lines } = files.documents[place.document]!;
  const own = lines.slice(place.section.start, place.section.end);
  const directive = own.findIndex(({ words }) => words[0]?.startsWith('.'));
  if (directive >= 0)
    return {
      at: locate(files, place.document, place.section.start + directive),
      text: `section '${sectionText(section)}' has conditional lines in it: remove it by hand`,
    };
  const reference = backendReference(files, place);
  if (reference !== null) return reference;
  let { end } = place.section;
  const last = place.section.start + own.findLastIndex(({ words }) => words.length > 0);
  if (end < lines.length) while (end > last + 1 && lines[end - 1]!.raw.trimStart().startsWith('#')) end--;
  return [{ document: place.document, at: place.section.start, remove: end - place.section.start, insert: [] }];
}
