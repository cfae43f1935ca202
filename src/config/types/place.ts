/** Where things of a configuration are written. */

/** Where something was written: file name as given on the command line, line counted from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
}

/** A line kept as words (after quoting, escapes and environment expansion), to be compiled by a later room. */
export interface WordsAt {
  readonly words: readonly string[];
  readonly at: Location;
}
