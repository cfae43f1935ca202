/** What a `server` line and the `default-server` lines before it come to. */

import { defaultServerLines } from './inherited.ts';
import { flagAtFirst, oppositeOf, parametersOf } from './parameters.ts';
import type { Files } from './places.ts';
import type { ServerLine } from './server-lines.ts';
import { writtenLine } from './words.ts';

/** Index of the first parameter of a `server` line. */
export const FIRST_PARAMETER = 3;

/** Value of a parameter in force for a server; null where no line gives one, or where it cannot be told. */
export function serverValue(files: Files, found: ServerLine, keyword: string): string | null {
  const { words } = found.line;
  const own = parametersOf(words, FIRST_PARAMETER).findLast((parameter) => parameter.keyword === keyword);
  if (own === undefined) return inheritedValue(files, found, keyword);
  const value = words[own.index + 1];
  return value === undefined || value.variable !== '' || !own.certain ? null : value.text;
}

/** Whether a flag is in force for a server; null where it cannot be told. */
export function serverFlag(files: Files, found: ServerLine, keyword: string): boolean | null {
  const opposite = oppositeOf(keyword);
  const own = parametersOf(found.line.words, FIRST_PARAMETER).findLast(
    (parameter) => parameter.keyword === keyword || parameter.keyword === opposite,
  );
  if (own === undefined) return inheritedFlag(files, found, keyword, opposite);
  return own.certain ? own.keyword === keyword : null;
}

/** What `default-server` lines say of a parameter with a value; null when it says nothing, or that cannot be told. */
export function inheritedValue(files: Files, { place, index }: ServerLine, keyword: string): string | null {
  let value: string | null = null;
  for (const one of defaultServerLines(files, place, index)) {
    const { words } = writtenLine(files.documents[one.document]!.lines[one.index]!);
    const own = parametersOf(words, 1).findLast((parameter) => parameter.keyword === keyword);
    if (own === undefined && words.every(({ variable }) => variable !== 'list')) continue;
    const word = own === undefined ? undefined : words[own.index + 1];
    value = word !== undefined && word.variable === '' && own!.certain && one.certain ? word.text : null;
  }
  return value;
}

/** Whether a flag is in effect by what `default-server` lines say, or say nothing; null when that cannot be told. */
export function inheritedFlag(
  files: Files,
  { place, index }: ServerLine,
  keyword: string,
  opposite: string | null,
): boolean | null {
  let on = flagAtFirst(keyword, opposite);
  for (const one of defaultServerLines(files, place, index)) {
    const { words } = writtenLine(files.documents[one.document]!.lines[one.index]!);
    for (const parameter of parametersOf(words, 1)) {
      const unknown = words[parameter.index]!.variable !== '';
      if (!unknown && parameter.keyword !== keyword && parameter.keyword !== opposite) continue;
      on = !unknown && one.certain && parameter.certain ? parameter.keyword === keyword : null;
    }
  }
  return on;
}
