/** A line of configuration as a keyword's handler sees it, and what all lines of one load share. */

import type { Facts } from './conditions.ts';
import type { Diagnostics, PlaceForm } from './diagnostics.ts';
import type { ConfigDraft } from './draft.ts';
import type { Location, Severity } from './types.ts';

/** `no ...` and `default ...` in front of a keyword. */
export type Prefix = '' | 'no' | 'default';

/** A keyword that was met and has no effect here, or may not be used: what `-V` and the report tell. */
export interface Remark {
  readonly at: Location;
  readonly keyword: string;
  readonly status: 'noticed' | 'refused';
  readonly why: string;
}

/** What all lines of one load share. */
export interface Context {
  readonly diagnostics: Diagnostics;
  readonly facts: Facts;
  /** Changed by `setenv` and its family while the files are read. */
  readonly env: Map<string, string>;
  /** The environment that the program was started with, for `resetenv`. */
  readonly startEnv: ReadonlyMap<string, string>;
  readonly config: ConfigDraft;
  readonly remarks: Remark[];
  /** Alerts in one file after which the rest of it is not read. */
  readonly maxAlerts: number;
  /** Lines left out by a condition. */
  readonly skipped: Location[];
  /** `-L NAME` was given: `localpeer` lines are ignored. */
  readonly localpeerForced: boolean;
}

export class Line {
  readonly context: Context;
  readonly at: Location;
  readonly words: readonly string[];
  readonly prefix: Prefix;
  /** Name of the section that the line is in, as HAProxy's messages call it (`frontend`, `global`, ...). */
  readonly section: string;

  constructor(context: Context, at: Location, words: readonly string[], prefix: Prefix, section: string) {
    this.context = context;
    this.at = at;
    this.words = words;
    this.prefix = prefix;
    this.section = section;
  }

  alert(text: string, form?: PlaceForm): void {
    this.context.diagnostics.alert(this.at, text, form);
  }

  warning(text: string, form?: PlaceForm): void {
    this.context.diagnostics.warning(this.at, text, form);
  }

  say(severity: Severity, text: string, form?: PlaceForm): void {
    this.context.diagnostics.add(severity, this.at, text, form);
  }

  /** The word at `index`, or an empty string. */
  word(index: number): string {
    return this.words[index] ?? '';
  }

  /** The words from `index` on, with the place. */
  from(index: number): { words: string[]; at: Location } {
    return { words: this.words.slice(index), at: this.at };
  }

  /**
   * False, with an alert, when there are more than `max` words after the first; `first` counts the keyword's own words
   * (2 for `option httplog`).
   */
  atMost(max: number, first = 1): boolean {
    const extra = this.words[first + max];
    if (extra === undefined) return true;
    this.alert(`'${this.words.slice(0, first).join(' ')}' cannot handle unexpected argument '${extra}'.`);
    return false;
  }
}

/** `file:line`, as messages refer to another place. */
export function placeText(at: Location): string {
  return `${at.file}:${at.line}`;
}
