/** Finds the line of a server, or says why there is none that can be edited. */

import { templateRange } from '../server.ts';
import type { EditProblem } from './edit.ts';
import {
  type Files,
  locate,
  type Place,
  placeOf,
  type Statement,
  shortList,
  statementsOf,
  unsafeLine,
} from './places.ts';
import { type WrittenLine, writtenLine } from './words.ts';

/** A server's line, ready to be edited. */
export interface ServerLine {
  readonly place: Place;
  readonly index: number;
  readonly line: WrittenLine;
}

export interface ServerName {
  readonly backend: string;
  readonly server: string;
}

/** The line of a server in a backend or listen section. */
export function serverLine(files: Files, { backend, server }: ServerName): ServerLine | EditProblem {
  const place = placeOf(files, { kind: 'backend', name: backend });
  if ('text' in place) return place;
  const statements = statementsOf(files, place);
  const [found, twin] = statements.filter(({ words }) => words[0] === 'server' && words[1] === server);
  if (found === undefined) return noSuchServer(files, place, statements, { backend, server });
  const at = locate(files, place.document, (twin ?? found).index);
  if (twin !== undefined) {
    const first = locate(files, place.document, found.index);
    return { at, text: `server '${server}' of backend '${backend}' has a second line besides line ${first.line}` };
  }
  const unsafe = unsafeLine(files, place, found.index);
  if (unsafe !== null) return unsafe;
  const line = writtenLine(files.documents[place.document]!.lines[found.index]!);
  if (line.words[1]!.variable !== '') return { at, text: 'the name of the server is an environment variable' };
  if (line.words.length < 3) return { at, text: `server '${server}' has no address` };
  return { place, index: found.index, line };
}

/** Whether a section makes a server of that name, by a line of its own or a template; the line that does. */
export function makerOf(statements: readonly Statement[], server: string): Statement | undefined {
  return statements.find(
    ({ words }) => (words[0] === 'server' && words[1] === server) || (isTemplate(words) && makes(words, server)),
  );
}

function isTemplate(words: readonly string[]): boolean {
  return words[0] === 'server-template' && words.length > 2;
}

function makes(words: readonly string[], server: string): boolean {
  const [, prefix, numbers] = words as [string, string, string];
  const range = templateRange(numbers);
  const number = server.startsWith(prefix) ? server.slice(prefix.length) : '';
  return range !== null && /^(0|[1-9]\d*)$/.test(number) && Number(number) >= range.from && Number(number) <= range.to;
}

function noSuchServer(
  files: Files,
  place: Place,
  statements: readonly Statement[],
  { backend, server }: ServerName,
): EditProblem {
  const template = makerOf(statements, server);
  if (template !== undefined) {
    const [keyword, prefix, range] = template.words;
    return {
      at: locate(files, place.document, template.index),
      text: `server '${server}' of backend '${backend}' has no line of its own: '${keyword} ${prefix} ${range}' makes it with others, and an edit would change all of them`,
    };
  }
  if (server === 'default-server')
    return { at: null, text: `'default-server' of backend '${backend}' is for all its servers: edit it by hand` };
  const names = statements.filter(({ words }) => words[0] === 'server').map(({ words }) => words[1] ?? '');
  const known = names.length === 0 ? 'it has none' : `it has ${shortList(names)}`;
  return {
    at: locate(files, place.document, place.section.start),
    text: `backend '${backend}' has no server '${server}'; ${known}`,
  };
}
