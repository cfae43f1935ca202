/** References to lists of patterns (HAProxy manual, sections 7.1.1 and 7.1.2): what an ACL or a map converter asks for, and what it gets. */

import type { Location } from '../config/types.ts';
import type { SampleValue } from './types.ts';

/** What values of a map must be, by the converter's type. */
export type MapValue = 'str' | 'sint' | 'addr';

/** A use of patterns that can be edited while traffic flows. */
export interface PatternUse {
  /** After `-f` or in a map converter; null: the patterns that stand in the ACL itself. */
  readonly name: string | null;
  readonly patterns: readonly string[];
  readonly kind: 'acl' | 'map';
  readonly match: string;
  readonly ignoreCase: boolean;
  /** Lines of the file are a key and a value. */
  readonly keyed: boolean;
  /** null: values are not looked at. */
  readonly values: MapValue | null;
  /** Host names stand for their addresses: an ACL of addresses without `-n`. */
  readonly named: boolean;
  /** Number that the configuration gives it (`-u`). */
  readonly id: number | null;
  /** Keyword of the ACL, for its description. */
  readonly subject: string;
  /** The whole ACL, which tells two on one line apart. */
  readonly text: string;
}

/** Patterns as they are now. Entries are numbers, and good for the turn of the event loop in which they were got. */
export interface PatternSource {
  /** Changes whenever what can be found does; ask before reading what is to be kept. */
  edits(): number;
  count(): number;
  /** All, in order. */
  entries(): readonly number[];
  key(entry: number): string;
  value(entry: number): string;
  /** Finds the entry that a value matches, 0 for none; null when there is no index for the method. */
  index(match: string, ignoreCase: boolean): ((value: SampleValue) => number) | null;
}

/**
 * Names references, so that the thread that reads the configuration and those that carry traffic mean the same: files by their name, what
 * stands in ACLs by its text within its section (`scope`), and a number where several lines say the same. Lines may move meanwhile.
 */
export function patternKeys(scope: string): (use: Pick<PatternUse, 'name' | 'text'>, at: Location) => string {
  const lines = new Map<string, string[]>();
  return ({ name, text }, { file, line }) => {
    if (name !== null) return referenceName(name);
    const place = `${file}:${line}`;
    const places = lines.get(text) ?? [];
    if (!places.includes(place)) places.push(place);
    lines.set(text, places);
    return `\n${scope}\n${text}\n${places.indexOf(place)}`;
  };
}

/** How a reference is called by operators: `file@` and `opt@` say how a file is read. */
export function referenceName(name: string): string {
  return /^(?:file|opt)@./.test(name) ? name.slice(name.indexOf('@') + 1) : name;
}
