import type { PatternSource } from '../patterns.ts';
import { compileRegex } from '../regex.ts';
import type { ExprError } from '../sample.ts';
import type { SampleValue } from '../types.ts';
import { findMatchMethod, type Matches, type MatchOptions } from './match.ts';

/** How a match method, or a fetch that matches by itself, compiles patterns. */
export interface MatchKind {
  readonly name: string;
  compile(patterns: readonly string[], options: MatchOptions): Matches | ExprError;
}

/** Up to so many patterns, compiling them costs less than looking them up in an index. */
const FEW = 16;

/**
 * Matches what a source lists at the time: few patterns, and those that no index serves, are compiled, anew when they have changed. Patterns
 * that were added live have been checked before.
 */
export function matchSource(source: PatternSource, kind: MatchKind, ignoreCase: boolean): Matches {
  const find = source.index(kind.name, ignoreCase);
  const compile = kind.name === 'reg' ? compilerOfRegexes(ignoreCase) : kind.compile;
  let edits = -1;
  let compiled: Matches | null = null;
  return (value) => {
    const now = source.edits();
    if (now !== edits) {
      edits = now;
      compiled = null;
      if (find === null || source.count() <= FEW) {
        const made = compile(
          source.entries().map((entry) => source.key(entry)),
          { ignoreCase },
        );
        // Host names among addresses are known to the index alone.
        compiled = typeof made === 'function' ? made : find === null ? () => false : null;
      }
    }
    return compiled === null ? find!(value) !== 0 : compiled(value);
  };
}

/** Regular expressions are kept from one list to the next. */
function compilerOfRegexes(ignoreCase: boolean): (patterns: readonly string[]) => Matches {
  const regexesOf = keptRegexes(ignoreCase);
  return (patterns) => {
    const regexes = regexesOf(patterns);
    return (value) => {
      for (let i = 0; i < regexes.length; i++) if (regexes[i]!.test(value as string)) return true;
      return false;
    };
  };
}

const NEVER = /[^\s\S]/;

/** Compiles lists of regular expressions, each text once as long as it is in the list. A text that is none matches nothing. */
function keptRegexes(ignoreCase: boolean): (patterns: readonly string[]) => readonly RegExp[] {
  let kept = new Map<string, RegExp>();
  return (patterns) => {
    const next = new Map<string, RegExp>();
    const regexes = patterns.map((pattern) => {
      const known = next.get(pattern) ?? kept.get(pattern) ?? compileRegex(pattern, ignoreCase);
      const regex = known instanceof RegExp ? known : NEVER;
      next.set(pattern, regex);
      return regex;
    });
    kept = next;
    return regexes;
  };
}

/** The entry that a value, already cast to the method's type, matches now; 0 for none. For methods without index each is tried. */
export function matchingEntry(source: PatternSource, match: string, ignoreCase: boolean, value: SampleValue): number {
  const find = source.index(match, ignoreCase);
  if (find !== null) return find(value);
  const method = findMatchMethod(match);
  if (method === null) return 0;
  const entries = source.entries();
  return (
    entries.find((entry) => {
      const matches = method.compile([source.key(entry)], { ignoreCase });
      return typeof matches === 'function' && matches(value);
    }) ?? 0
  );
}

/**
 * Finds the entry that a value matches, 0 for none; of regular expressions, the first in order. `onMatch` is told what such a one has
 * matched.
 */
export function findInSource(
  source: PatternSource,
  match: string,
  onMatch: (match: RegExpExecArray) => void,
): (value: SampleValue) => number {
  const find = source.index(match, false);
  if (find !== null) return find;
  const regexesOf = keptRegexes(false);
  let edits = -1;
  let entries: readonly number[] = [];
  let regexes: readonly RegExp[] = [];
  return (value) => {
    const now = source.edits();
    if (now !== edits) {
      edits = now;
      entries = source.entries();
      regexes = regexesOf(entries.map((entry) => source.key(entry)));
    }
    for (let i = 0; i < regexes.length; i++) {
      const found = regexes[i]!.exec(value as string);
      if (found === null) continue;
      onMatch(found);
      return entries[i]!;
    }
    return 0;
  };
}
