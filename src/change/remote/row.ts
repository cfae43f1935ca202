import type { Change } from '../change.ts';
import type { Level, Live } from './live.ts';
import type { Version } from './version.ts';
import type { Command, Wire, WireAnswer } from './wire.ts';

/** What an override of this Change is filed under, and what the configuration says there. */
export interface Durable {
  /** `be_app/app1`, `be_app`, `global`. */
  readonly object: string;
  readonly attribute: string;
  /** As people read it; '' when HAProxy does not tell it. */
  readonly file: string;
  /** The Change that makes the value from what the file says, where that is not always the one that was made. */
  make?(file: string): Change;
}

/** Attribute of what holds many things and was replaced as a whole: overrides of single ones of them end. */
export const CONTENT = 'content';

/** How one kind of Change is checked, shown and made on a real HAProxy. Only `run` changes anything. */
export interface RemoteRow<C extends Change> {
  /** First version of HAProxy that can do it while it runs. */
  readonly since: string;
  /** Lowest level that the socket has to have. */
  readonly level: Level | ((version: Version) => Level);
  /** What to do where the version cannot. */
  readonly instead: string;
  /** Why it cannot be done, as far as that can be seen in advance; null when nothing is seen. */
  problem(change: C, live: Live): Promise<string | null>;
  /** What operators should know although it does not hinder. */
  warnings?(change: C, live: Live): Promise<readonly string[]>;
  /** What the attribute is now, as people read it; null where HAProxy does not tell it. Called only without a problem. */
  read(change: C, live: Live): Promise<string | null>;
  /** What `read` will tell when it is done. */
  after(change: C, live: Live): Promise<string>;
  /** What is sent, in order. */
  commands(change: C, live: Live): Promise<readonly Command[]>;
  /** What success looks like where it is not silence. */
  readonly says?: RegExp;
  /** Sends what `commands` shows in a way of its own: for those where one answer is part of the next command. */
  run?(change: C, live: Live, wire: Wire): Promise<WireAnswer>;
  /** The Change that undoes it, from the state before; null: there is none. */
  inverse(change: C, live: Live): Promise<Change | null>;
  /** Whether what is read back is what was meant, where other things may have changed it meanwhile. */
  holds?(now: string, after: string): boolean;
  /** Null for one-shot actions. */
  durable?(change: C, live: Live): Promise<Durable | null>;
}

/** What most rows say: every version that is supported can do it, on a socket of level admin. */
export const EVERYWHERE = { since: '2.4', level: 'admin', instead: '' } as const;
