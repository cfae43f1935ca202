/** A server as all lines that count for it make it: `default-server` lines first, its own last. */

import { defaultServerLines } from '../edit/inherited.ts';
import { flagAtFirst, isKnown, oppositeOf, parametersOf } from '../edit/parameters.ts';
import { locate } from '../edit/places.ts';
import { FIRST_PARAMETER } from '../edit/server-values.ts';
import { type Word, writtenLine } from '../edit/words.ts';
import type { Location } from '../types.ts';
import type { Configuration, Line, Section } from './configuration.ts';

/** What a server has for one keyword. Flags that are off have none. */
export interface Setting {
  readonly keyword: string;
  /** All words, the keyword among them. */
  readonly words: readonly string[];
  readonly at: Location;
  /** Why it is not known what it comes to: an environment variable, a conditional block, an unknown word; or null. */
  readonly doubt: string | null;
}

export interface ServerView {
  readonly name: string;
  readonly line: Line;
  readonly address: Word;
  readonly settings: ReadonlyMap<string, Setting>;
  /** Many servers made by one `server-template` line. */
  readonly template: boolean;
  /** Position among the servers of its section, from 0. */
  readonly position: number;
}

/**
 * The servers of a section by name, those in conditional blocks of their own left out, and of two with one name the second. The
 * servers of a template are one, which is named by it.
 */
export function serversOf({ files }: Configuration, section: Section): Map<string, ServerView> {
  const servers = new Map<string, ServerView>();
  for (const line of section.lines) {
    const found = isServer(section, line) ? headOf(line) : null;
    if (found === null || servers.has(found.name)) continue;
    const settings = new Map<string, Setting>();
    for (const inherited of defaultServerLines(files, line.place, line.index)) {
      const { words } = writtenLine(files.documents[inherited.document]!.lines[inherited.index]!);
      const at = locate(files, inherited.document, inherited.index);
      takeOver(settings, words, 1, at, inherited.certain ? null : 'it stands in a conditional block');
    }
    takeOver(settings, line.words, found.start, line.at, null);
    servers.set(found.name, { ...found, line, settings, position: servers.size });
  }
  return servers;
}

/** What stands before the parameters. */
function headOf({ words }: Line): Pick<ServerView, 'name' | 'address' | 'template'> & { readonly start: number } {
  const [, name, second, third] = words as [Word, Word, Word, Word];
  if (words[0]!.text === 'server') return { name: name.text, address: second, template: false, start: FIRST_PARAMETER };
  const address = { ...third, text: `${second.text} ${third.text}` };
  return { name: `${name.text}*`, address, template: true, start: FIRST_PARAMETER + 1 };
}

/** Whether a statement is a server, or a template of servers, that can be compared by name. */
export function isServer(section: Section, line: Line): boolean {
  const [keyword, name] = line.words;
  if (section.kind !== 'backend' && section.kind !== 'listen') return false;
  const words = keyword?.text === 'server' ? 3 : keyword?.text === 'server-template' ? 4 : Number.POSITIVE_INFINITY;
  return (
    line.words.length >= words &&
    name?.variable === '' &&
    line.condition === section.title.condition &&
    !line.identity.includes('unreadable:')
  );
}

/** Keywords that add to what was said before. */
const ADDING = new Set(['proxy-v2-options']);

function takeOver(
  settings: Map<string, Setting>,
  words: readonly Word[],
  start: number,
  at: Location,
  doubt: string | null,
): void {
  const parameters = parametersOf(words, start);
  for (let i = 0; i < parameters.length; i++) {
    const { keyword, index, certain } = parameters[i]!;
    const known = isKnown(parameters[i]!);
    // Words behind an unknown one that are not known either are its values.
    if (!known) while (parameters[i + 1] !== undefined && !isKnown(parameters[i + 1]!)) i++;
    const own = words.slice(index, parameters[i]!.index + parameters[i]!.count);
    const variable = own.find((word) => word.variable !== '');
    const reason =
      doubt ??
      (variable === undefined ? null : `'${variable.text}' is an environment variable`) ??
      (certain && known ? null : `'${keyword}' is not known`);
    put(settings, { keyword, words: own.map(({ text }) => text), at, doubt: reason });
  }
}

function put(settings: Map<string, Setting>, setting: Setting): void {
  const { keyword, words } = setting;
  const opposite = words.length === 1 ? oppositeOf(keyword) : null;
  if (opposite !== null) settings.delete(opposite);
  const before = settings.get(keyword);
  settings.delete(keyword);
  if (opposite !== null && flagAtFirst(keyword, opposite) === true && setting.doubt === null) return;
  const adds = ADDING.has(keyword) || (before !== undefined && setting.doubt !== null);
  settings.set(keyword, adds && before !== undefined ? { ...setting, words: [...before.words, ...words] } : setting);
}

/** Value of a keyword, or null where the server has none or it is in doubt. */
export function valueOf(server: ServerView, keyword: string): string | null {
  const setting = server.settings.get(keyword);
  return setting === undefined || setting.doubt !== null ? null : (setting.words[1] ?? null);
}

/** Whether a flag is set without doubt. */
export function hasFlag(server: ServerView, keyword: string): boolean {
  return server.settings.get(keyword)?.doubt === null;
}
