import type { Change, Outcome } from '../change/change.ts';
import type { Problem } from '../change/context.ts';
import type { JournalEntry, JournalQuery, Lease, Override } from '../change/journal/journal.ts';
import type { KeptChanges } from '../change/keep-changes.ts';
import type { EffectClass } from '../change/kinds.ts';
import type { PendingRequest } from '../change/policy/pending.ts';
import type { WireAnswer } from '../change/remote/wire.ts';
import type { RuntimeClient } from '../client/index.ts';
import type { Least } from './kinds.ts';
import type { TargetState } from './state.ts';
import type { Configured, Hidden, Installation } from './targets/discover.ts';

/** A running load balancer that operations work on. */
export interface Target {
  /** As it was named or found: a name of the file of targets, an address. */
  readonly name: string;
  readonly product: 'sluice' | 'haproxy';
  readonly version: string;
  readonly client: RuntimeClient;
  /** Read anew at each call. */
  state(): Promise<TargetState>;
  /** What these Changes would do, made one after the other. Touches nothing. */
  preview(changes: readonly Change[]): Promise<readonly Previewed[]>;
  /** Makes all or none, recorded in the journal. Refusals are answers; rejects only when the target cannot be reached. */
  apply(changes: readonly Change[], meta: Meta): Promise<Applied>;
  /**
   * Whether the policy lets all Changes of an operation of `steps` steps be made; asked before the first. Where a second person must agree it
   * waits as a request. Makes nothing.
   */
  permit(changes: readonly Change[], steps: number, meta: Meta): Promise<Applied>;
  readonly ledger: Ledger;
  /** Servers of a backend that must stay usable unless an operation says otherwise (file of targets). */
  readonly minUsable?: Least | null;
  /** What the file of targets says of its files, and of what checks and reloads them. */
  readonly configured?: Configured;
  /** Its configuration files, where somebody else keeps them and puts them in force; else they are those of the installation. */
  readonly files?: KeptFiles;
  /** How it was started, where its files are; or why that cannot be seen from here. */
  installation(configured?: Configured): Promise<Installation | Hidden>;
  /** Leases that have ended by `now` (ms since the epoch), where the target does not take them back itself. */
  dueLeases?(now: number): Promise<readonly Lease[]>;
  /** Takes back what a lease stands for, as far as it is still set. */
  takeBack?(lease: Lease, meta: Meta): Promise<Applied>;
  /** The attributes of an object with where they come from; empty where the target tells none of them apart. */
  layers(object: string): Promise<readonly Layers[]>;
  /**
   * Makes what a typed command stands for and records it, where the target does not do that itself; `ask` sends the command as it is.
   * Rejects as `apply` does.
   */
  typed?(typed: Typed, meta: Meta): Promise<TypedEnd>;
  /** What a backend must keep, as the policy says that is enforced here; a Sluice enforces its own. */
  kept(backend: string): Kept;
  close(): Promise<void>;
}

/** Configuration files that are worked on through who keeps them. */
export interface KeptFiles {
  /** As they are now, in their order, and which version of them that is. */
  read(): Promise<{
    readonly version: number;
    readonly files: readonly { readonly name: string; readonly text: string }[];
  }>;
  /** What is set and would be written into files of maps, ACLs, certificates, ... on that machine. */
  stores(): Promise<KeptStores>;
  /**
   * Has other texts checked, written and put in force if they are of that version still, and what is set written into those files that `stores` told:
   * all or nothing. Resolves with what came of it, for people.
   */
  replace(version: number, texts: readonly string[], stores: readonly string[]): Promise<string>;
  /** Has the files as they are checked and loaded. Resolves with what came of it. */
  reload(): Promise<string>;
}

/** What would be written into files beside those of the configuration. There is no key in it. */
export interface KeptStores extends Omit<KeptChanges, 'documents'> {
  readonly files: readonly string[];
}

/** An attribute of an object: what holds now, what the file says (null: not known), and what somebody set over it. */
export interface Layers {
  readonly attribute: string;
  readonly live: string;
  readonly file: string | null;
  readonly override: Override | null;
}

/** Servers that must be left to take traffic. */
export interface Kept {
  readonly minUsable: number | null;
  /** Percent of all servers of the backend. */
  readonly minShare: number | null;
}

export const NOTHING_KEPT: Kept = { minUsable: null, minShare: null };

/** A command that somebody typed, and what it stands for. */
export interface Typed {
  readonly words: readonly string[];
  readonly changes: readonly Change[];
  ask(): Promise<WireAnswer>;
}

export interface TypedEnd {
  /** What was answered; null when the command was not sent. */
  readonly answer: WireAnswer | null;
  /** Why it was not sent, or what is to be known beside the answer. */
  readonly notes: readonly string[];
}

/** What is recorded with the Changes of an operation. Times in ms. */
export interface Meta {
  readonly operation: string;
  /** As the operator wrote it. */
  readonly title: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly for?: number;
  readonly confirmWithin?: number;
  readonly undoes?: string;
  /** Guards were overruled. */
  readonly force?: true;
  /** Somebody else asked for the operation: who runs this agrees to it. */
  readonly approves?: true;
}

export interface Previewed {
  readonly change: Change;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  readonly before: string;
  readonly after: string;
  readonly effect: EffectClass;
  /** The socket commands on a real HAProxy; none on Sluice. */
  readonly commands: readonly string[];
}

export interface Applied {
  readonly ok: boolean;
  /** Position of the Change that could not be made; -1 when all could. */
  readonly failedAt: number;
  readonly outcomes: readonly Outcome[];
  /** Why the whole could not be done, when no Change is at fault (no journal, no such operation); else ''. */
  readonly text: string;
  readonly lease: Lease | null;
  /** Its id where the target chose it: an undo on Sluice. Else that of the meta. */
  readonly operation?: string;
}

/** What the journal of a target knows. */
export interface Ledger {
  /** Newest last. */
  history(query: Omit<JournalQuery, 'target'>): Promise<readonly JournalEntry[]>;
  overrides(): Promise<readonly Override[]>;
  /** What an override makes again, with the keys and the long lists that are kept elsewhere. Rejects when they are not there, or not told. */
  whole(change: Change): Promise<Change>;
  leases(): Promise<readonly Lease[]>;
  /** Takes an operation back; null: the last one that can be. */
  undo(operation: string | null, meta: Meta): Promise<Applied>;
  /** Keeps what would be taken back for want of a confirmation. */
  confirm(operation: string, meta: Meta): Promise<Applied>;
  /** What waits for a second person, oldest first. */
  requests(): Promise<readonly PendingRequest[]>;
  /** Agrees to what somebody else asked for, and makes it. */
  approve(operation: string, meta: Meta): Promise<Applied>;
}
