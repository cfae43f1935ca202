/** Edits of the parameters of a `server` line. */

import type { EditOf, EditProblem, Planned } from './edit.ts';
import { isKnown, notAParameter, oppositeOf, type Parameter, parametersOf, valueProblem } from './parameters.ts';
import { type Files, locate } from './places.ts';
import { trackingReference } from './references.ts';
import { type ServerLine, type ServerName, serverLine } from './server-lines.ts';
import { FIRST_PARAMETER, inheritedFlag, inheritedValue, serverFlag, serverValue } from './server-values.ts';
import { isWritable, type Word, withoutWords, withWords, withWordsAfter, writtenLine } from './words.ts';

/** `weight 20`: the value in place of the one that counts, or after the last word. */
export function setParameter(files: Files, edit: EditOf<'server.set'>): Planned {
  const wrong = notAParameter(edit.keyword, 1);
  if (wrong !== null) return { at: null, text: wrong };
  if (!isWritable(edit.value))
    return { at: null, text: `the value of '${edit.keyword}' is empty or has an end of line in it` };
  const bad = valueProblem(edit.server, edit.keyword, edit.value);
  if (bad !== null) return { at: null, text: bad };
  const found = serverLine(files, edit);
  if ('text' in found) return found;
  const { line } = found;
  const parameters = parametersOf(line.words, FIRST_PARAMETER);
  const own = parameters.findLast(({ keyword }) => keyword === edit.keyword);
  const trouble = doubt(files, found, parameters, [edit.keyword], own);
  if (trouble !== null) return trouble;
  if (own === undefined) {
    if (inheritedValue(files, found, edit.keyword) === edit.value) return [];
    return rewritten(found, withWordsAfter(line, [edit.keyword, edit.value]));
  }
  const value = line.words[own.index + 1]!;
  if (value.variable !== '') return variableProblem(files, found, edit.keyword, value);
  if (value.text === edit.value) return [];
  return rewritten(found, withWords(line, own.index + 1, 1, [edit.value]));
}

/** `disabled`, `check`, `backup`, ...: in effect or not. */
export function setFlag(files: Files, edit: EditOf<'server.flag'>): Planned {
  const wrong = notAParameter(edit.keyword, 0);
  if (wrong !== null) return { at: null, text: wrong };
  const opposite = oppositeOf(edit.keyword);
  const found = serverLine(files, edit);
  if ('text' in found) return found;
  const planned = planFlag(files, found, edit, opposite);
  if ('text' in planned || planned.length === 0) return planned;
  const [base, on] = edit.keyword.startsWith('no-') ? [edit.keyword.slice(3), !edit.on] : [edit.keyword, edit.on];
  return unmetCondition(files, found, edit, base, on) ?? planned;
}

function planFlag(files: Files, found: ServerLine, edit: EditOf<'server.flag'>, opposite: string | null): Planned {
  const { line } = found;
  const names = [edit.keyword, ...(opposite === null ? [] : [opposite])];
  const parameters = parametersOf(line.words, FIRST_PARAMETER);
  const own = parameters.filter(({ keyword }) => names.includes(keyword));
  const trouble = doubt(files, found, parameters, names, own.at(-1));
  if (trouble !== null) return trouble;
  const last = own.at(-1);
  const wanted = edit.on ? edit.keyword : opposite;
  if (last !== undefined && last.keyword === wanted) return [];
  const inherited = inheritedFlag(files, found, edit.keyword, opposite);
  if (last === undefined) {
    if (inherited === edit.on) return [];
    return wanted === null ? cannotOverrule(files, found, edit.keyword) : withFlag(files, found, parameters, wanted);
  }
  if (edit.on) return rewritten(found, withWords(line, last.index, 1, [edit.keyword]));
  if (inherited === false)
    return without(
      found,
      own.filter(({ keyword }) => keyword === edit.keyword),
    );
  return wanted === null
    ? cannotOverrule(files, found, edit.keyword)
    : rewritten(found, withWords(line, last.index, 1, [wanted]));
}

/** The line with a flag at its end, or before a word that is not known, whose value it could be taken for. */
function withFlag(files: Files, found: ServerLine, parameters: readonly Parameter[], flag: string): Planned {
  const { words } = found.line;
  const unknown = parameters.find((one) => !isKnown(one) && words[one.index]!.variable === '');
  const index = (unknown?.index ?? words.length) - 1;
  const variable = parameters
    .map((one) => words[one.index]!)
    .find((word) => word.variable === 'word' || (word.variable === 'list' && word.start > words[index]!.start));
  if (variable !== undefined) return variableProblem(files, found, flag, variable);
  return rewritten(found, withWordsAfter(found.line, [flag], index));
}

/** Why the file would not be accepted with checks on or off, or null. */
function unmetCondition(
  files: Files,
  found: ServerLine,
  name: ServerName,
  keyword: string,
  on: boolean,
): EditProblem | null {
  if (keyword !== 'check' && keyword !== 'agent-check') return null;
  const at = locate(files, found.place.document, found.index);
  if (!on) {
    const other = keyword === 'check' ? 'agent-check' : 'check';
    return serverFlag(files, found, other) === true ? null : trackingReference(files, found.place, name);
  }
  const tracked = serverValue(files, found, 'track');
  if (tracked !== null)
    return {
      at,
      text: `server '${name.server}' takes its state from '${tracked}' ('track') and cannot be checked itself`,
    };
  if (keyword === 'check' || serverValue(files, found, 'agent-port') !== null) return null;
  return { at, text: `server '${name.server}' has no 'agent-port', which 'agent-check' needs` };
}

/** Takes a parameter off the line. */
export function unsetParameter(files: Files, edit: EditOf<'server.unset'>): Planned {
  const wrong = notAParameter(edit.keyword, 0);
  if (wrong !== null && notAParameter(edit.keyword, 1) !== null) return { at: null, text: wrong };
  const found = serverLine(files, edit);
  if ('text' in found) return found;
  const parameters = parametersOf(found.line.words, FIRST_PARAMETER);
  const own = parameters.filter(({ keyword }) => keyword === edit.keyword);
  const list = parameters.find(({ index }) => found.line.words[index]!.variable !== '');
  if (list !== undefined) return variableProblem(files, found, edit.keyword, found.line.words[list.index]!);
  const trouble = own.map((one) => doubt(files, found, parameters, [edit.keyword], one)).find((one) => one !== null);
  if (trouble || own.length === 0) return trouble ?? [];
  return unmetCondition(files, found, edit, edit.keyword, false) ?? without(found, own);
}

/** Why it cannot be told what a keyword on the line comes to, or null. `own` is the occurrence that counts. */
function doubt(
  files: Files,
  { place, index, line }: ServerLine,
  parameters: readonly Parameter[],
  names: readonly string[],
  own: Parameter | undefined,
): EditProblem | null {
  const at = locate(files, place.document, index);
  const last = parameters.at(-1);
  if (last !== undefined && own === undefined && endsTooEarly(last))
    return { at, text: `'${last.keyword}' at the end of the line has no value` };
  if (own === undefined) return null;
  if (endsTooEarly(own)) return { at, text: `'${own.keyword}' has no value` };
  if (!own.certain) {
    const before = line.words[own.index - 1]!;
    const what = before.variable === '' ? 'is not a known parameter' : 'is an environment variable';
    return {
      at,
      text: `'${before.text}' before '${own.keyword}' ${what}: '${own.keyword}' may be its value. Edit the line by hand`,
    };
  }
  const later = parameters.find((one) => one.index > own.index && line.words[one.index]!.variable !== '');
  if (later === undefined) return null;
  const text = `'${line.words[later.index]!.text}' after '${own.keyword}' is an environment variable: it may overrule '${names.join("' or '")}'. Edit the line by hand`;
  return { at, text };
}

function endsTooEarly({ keyword, count }: Parameter): boolean {
  return count === 1 && notAParameter(keyword, 1) === null;
}

function rewritten({ place, index }: ServerLine, raw: string): Planned {
  return [{ document: place.document, at: index, remove: 1, insert: [raw] }];
}

function without(found: ServerLine, parameters: readonly Parameter[]): Planned {
  if (parameters.length === 0) return [];
  let { line } = found;
  for (const { index, count } of parameters.toReversed()) line = writtenLine({ raw: withoutWords(line, index, count) });
  return rewritten(found, line.raw);
}

function variableProblem(files: Files, { place, index }: ServerLine, keyword: string, word: Word): EditProblem {
  return {
    at: locate(files, place.document, index),
    text: `what '${keyword}' is depends on an environment variable ('${word.text}'): edit the line by hand`,
  };
}

function cannotOverrule(files: Files, { place, index }: ServerLine, keyword: string): EditProblem {
  return {
    at: locate(files, place.document, index),
    text: `'default-server' sets '${keyword}', and no keyword on a server's line takes it back`,
  };
}
