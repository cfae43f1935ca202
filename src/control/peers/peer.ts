import { ReceivedTexts, SentTexts } from './dictionary.ts';
import { type Lesson, newLesson } from './lesson.ts';
import type { PeerTarget } from './link.ts';
import type { PeerSession } from './session.ts';
import type { SharedTable } from './shared-table.ts';

/** Codes of how the last connection to a peer is or ended, beside those of the protocol: never tried, under way, established. */
export const LinkStatus = { none: 0, connecting: 100, connected: 110, success: 200 } as const;

/** A peer as its section is told of it. */
export interface PeerOptions {
  readonly name: string;
  readonly target: PeerTarget | null;
  readonly shard: number;
}

/** A peer of a section: who it is, its session, how far each side is. */
export class Peer {
  readonly name: string;
  readonly local: boolean;
  /** null: it is not connected to. */
  readonly target: PeerTarget | null;
  /** The shard whose keys it is taught; 0: all keys. */
  readonly shard: number;
  readonly lessons: readonly Lesson[];
  readonly sent = new SentTexts();
  readonly received = new ReceivedTexts();
  session: PeerSession | null = null;
  /** The session's hello was answered with success. */
  open = false;
  status: number = LinkStatus.none;
  /** Times in ms of Date.now(); 0 or null: never. */
  lastHandshake = 0;
  reconnectAt: number | null = null;
  heartbeatAt: number | null = null;
  /** An attempt to connect has failed, and the next is made then. */
  retryAt: number | null = null;
  /** What is learned of it: all of its tables, when it is asked for them. */
  learning: 'NOTASSIGNED' | 'ASSIGNED' | 'PROCESSING' = 'NOTASSIGNED';
  /** It has taught all it had, and said that this is not all there is. */
  notUpToDate = false;
  /** All is taught to it; all is sent. */
  teaching = false;
  taughtAll = false;
  /** Ends of lessons that it has yet to be told of. */
  confirm = 0;
  /** It speaks version 2.0. */
  downgraded = false;
  resyncRequested = false;
  /** The table of its messages, and of ours. */
  remoteLesson: Lesson | null = null;
  localLesson: Lesson | null = null;
  readonly counters = { heartbeatsSent: 0, heartbeatsGot: 0, silences: 0, connects: 0, errors: 0, collisions: 0 };

  /** Why TLS could not be spoken last; null: it could. */
  problem: string | null = null;

  constructor({ name, target, shard }: PeerOptions, local: boolean, tables: readonly SharedTable[]) {
    this.name = name;
    this.local = local;
    this.target = target;
    this.shard = shard;
    this.lessons = tables.map((table, i) => newLesson(table, i + 1));
  }

  /** What belongs to one session is as at its beginning. */
  reset(): void {
    this.sent.clear();
    this.received.clear();
    this.remoteLesson = null;
    this.localLesson = null;
    this.teaching = false;
    this.taughtAll = false;
    this.confirm = 0;
    this.open = false;
  }

  /** Something is to be taught that was changed here. */
  hasChanges(): boolean {
    return this.lessons.some(({ lastPushed, table }) => lastPushed !== table.localUpdate());
  }
}
