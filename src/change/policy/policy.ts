import type { Span } from './hours.ts';

/** Who is meant by a rule. */
export type Who =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'user'; readonly name: Glob }
  | { readonly kind: 'group'; readonly name: Glob };

/** A pattern in which `*` stands for any run of characters. */
export interface Glob {
  readonly text: string;
  readonly regex: RegExp;
}

/** One rule, ready to be applied. */
export interface Rule {
  /** `FILE:LINE`. */
  readonly at: string;
  readonly effect: 'allow' | 'deny';
  readonly actions: readonly Glob[];
  readonly who: readonly Who[];
  readonly on: readonly Glob[];
  readonly hours: readonly Span[];
  /** As written, for messages. */
  readonly hoursText: string;
  /** Who of them must approve: the name of the set and its members. */
  readonly approval: { readonly set: string; readonly who: readonly Who[] } | null;
  readonly force: boolean;
  readonly reason: string | null;
}

/** What backends must keep. */
export interface GuardRule {
  readonly on: readonly Glob[];
  readonly minUsable: number | null;
  /** Percent of the servers of the backend. */
  readonly minShare: number | null;
}

/** A policy, read and checked. */
export interface Policy {
  readonly file: string;
  readonly timezone: string | undefined;
  readonly rules: readonly Rule[];
  readonly guards: readonly GuardRule[];
  /** How long a request waits for its approval, ms. */
  readonly approvalExpires: number;
}

/** The pattern as a regular expression. */
export function glob(text: string): Glob {
  const source = text.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return { text, regex: new RegExp(`^${source.join('.*')}$`, 's') };
}

/** Whether one of the patterns fits. */
export function fits(globs: readonly Glob[], text: string): boolean {
  return globs.some(({ regex }) => regex.test(text));
}
