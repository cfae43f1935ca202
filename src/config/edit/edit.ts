import type { Location } from '../types.ts';

/** A section by its title. `frontend` and `backend` also find a `listen` of that name; `global` has no name. */
export interface SectionName {
  readonly kind: string;
  readonly name: string;
}

/**
 * An edit of configuration files: plain data that says what they are to say. It touches the fewest words that it can. `backend`
 * names a backend or listen section.
 */
export type Edit =
  /** A parameter with a value (`weight`, `maxconn`, `port`, ...) on a `server` line. */
  | {
      readonly op: 'server.set';
      readonly backend: string;
      readonly server: string;
      readonly keyword: string;
      readonly value: string;
    }
  /** A parameter without value, in effect or not: what `default-server` says is overruled with `enabled`, `no-check`, ... */
  | {
      readonly op: 'server.flag';
      readonly backend: string;
      readonly server: string;
      readonly keyword: string;
      readonly on: boolean;
    }
  /** Takes a parameter off a `server` line: then what `default-server` says is in effect. */
  | { readonly op: 'server.unset'; readonly backend: string; readonly server: string; readonly keyword: string }
  /** Null leaves what is there. `port` may be an offset (`+100`); `host` an IP address or a name. */
  | {
      readonly op: 'server.address';
      readonly backend: string;
      readonly server: string;
      readonly host: string | null;
      readonly port: string | null;
    }
  | { readonly op: 'server.rename'; readonly backend: string; readonly server: string; readonly name: string }
  /** A line after the last `server` of the section. `address` as it is written there; `words` follow it. */
  | {
      readonly op: 'server.append';
      readonly backend: string;
      readonly server: string;
      readonly address: string;
      readonly words: readonly string[];
    }
  | { readonly op: 'server.remove'; readonly backend: string; readonly server: string }
  /** The values of a statement that a section has once: `maxconn`, `rate-limit sessions`. */
  | {
      readonly op: 'statement.set';
      readonly section: SectionName;
      readonly keyword: string;
      readonly values: readonly string[];
    }
  | { readonly op: 'statement.unset'; readonly section: SectionName; readonly keyword: string }
  /** A word without value on a statement that is there: `dynamic` of `cookie`. */
  | {
      readonly op: 'statement.word';
      readonly section: SectionName;
      readonly keyword: string;
      readonly word: string;
      readonly on: boolean;
    }
  /** `disabled` of a section in effect or not, whatever its `defaults` say. */
  | { readonly op: 'section.disabled'; readonly section: SectionName; readonly on: boolean }
  /** A new section at the end of the last file. */
  | {
      readonly op: 'section.append';
      readonly title: readonly string[];
      readonly statements: readonly (readonly string[])[];
    }
  | { readonly op: 'section.remove'; readonly section: SectionName };

export type EditOf<Op extends Edit['op']> = Extract<Edit, { readonly op: Op }>;

/** Why an edit cannot be made: the reason first, then what it is about. `at` is null where no line is to blame. */
export interface EditProblem {
  readonly at: Location | null;
  readonly text: string;
}

/** Lines of one document to be replaced: `remove` lines from index `at` on by lines with these texts. */
export interface Splice {
  /** Index of the document. */
  readonly document: number;
  readonly at: number;
  readonly remove: number;
  readonly insert: readonly string[];
}

/** What an edit comes to: nothing to do is an empty list. Splices of one document do not overlap and stand last first. */
export type Planned = readonly Splice[] | EditProblem;

/** A problem as operators read it: `file:line: text`. */
export function problemText({ at, text }: EditProblem): string {
  return at === null ? text : `${at.file}:${at.line}: ${text}`;
}
