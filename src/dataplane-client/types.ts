/** Types of the calls, from those of the operations. */

import type { Operations } from './generated.ts';

export type Method = keyof Operations;

/** Paths that have the method. */
export type PathOf<M extends Method> = keyof Operations[M] & string;

/** What an operation answers. */
export type AnswerOf<M extends Method, P extends PathOf<M>> = Operations[M][P] extends { answer: infer A } ? A : never;

/** What a call takes: `path` for what is in braces, `query`, `body`, and what is the same for all. */
export type CallOf<M extends Method, P extends PathOf<M>> = Operations[M][P] extends { call: infer C } ? C : never;

/** May be left out where nothing of it is needed. */
export type ArgsOf<M extends Method, P extends PathOf<M>> =
  object extends CallOf<M, P> ? [call?: CallOf<M, P>] : [call: CallOf<M, P>];

/** An answer with what is told beside it. */
export interface Answered<T> {
  readonly value: T;
  readonly status: number;
  /** Version of the configuration; null where it is not told. */
  readonly version: number | null;
  /** The reload that puts the change in force; null: it is, or nothing was changed. */
  readonly reload: string | null;
  /** Entity tag of the object, for `ifMatch`; null where there is none. */
  readonly etag: string | null;
}
