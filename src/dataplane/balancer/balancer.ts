import type { Change } from '../../change/change.ts';
import type { Target } from '../../ops/target.ts';
import type { Documents } from '../edit/sections.ts';

/** Who asks, for the journal and the policy. */
export interface Requester {
  readonly user: string;
  /** Address of the client. */
  readonly from: string;
  /** `PUT /v3/services/haproxy/...`. */
  readonly title: string;
}

/** What is wrong with a configuration. */
export interface ConfigurationProblem {
  readonly file: string | null;
  readonly line: number | null;
  readonly text: string;
}

/** What became of a configuration that was written: in force at once; to be reloaded; refused, with the reason. */
export type PutInForce =
  | { readonly outcome: 'live' }
  | { readonly outcome: 'reload'; readonly why: string }
  | { readonly outcome: 'failed'; readonly text: string };

export interface Made {
  readonly ok: boolean;
  /** What was answered, or why it was refused. */
  readonly text: string;
}

/** The load balancer that the service works on. */
export interface Balancer {
  readonly product: 'sluice' | 'haproxy';
  /** It goes on when the service ends. */
  readonly outlives: boolean;
  /** What hinders that these documents are put in force; none when they are valid. */
  check(documents: Documents): Promise<readonly ConfigurationProblem[]>;
  /** Puts what was written in force as far as that goes without a reload. */
  putInForce(before: Documents, after: Documents, requester: Requester): Promise<PutInForce>;
  /**
   * Why the policy, where there is one, does not let somebody make Changes, or get from one state of the files to another; null when it does.
   * What is written is judged before it is: by the Changes that it comes to, and as a reload where it takes one.
   */
  permits(requester: Requester, changes: readonly Change[]): Promise<string | null>;
  permitsEdit(requester: Requester, before: Documents, after: Documents): Promise<string | null>;
  /** Has the files loaded. */
  reload(requester: Requester): Promise<Made>;
  /** Makes Changes, all or none. */
  change(changes: readonly Change[], requester: Requester): Promise<Made>;
  /** The answer to a command that changes nothing. */
  ask(words: readonly string[]): Promise<string>;
  /** Pieces of a long answer as they come. */
  stream(words: readonly string[]): AsyncIterable<string>;
  /** What it would take to get from one state to another. */
  plan(before: Documents, after: Documents): { readonly effect: string; readonly differences: readonly unknown[] };
  /** As operations work on it, for who asks; it is not to be closed. */
  target(requester: Requester): Promise<Target>;
  /** Something was lent: it is taken back when its time is over. */
  leased(): void;
  close(): Promise<void>;
}
