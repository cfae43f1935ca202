import type { UpdateForm } from './codec/update.ts';
import type { SharedTable, Walk } from './shared-table.ts';

/** How far a peer is with one table: what it was taught of ours, and what was learned of its. */
export interface Lesson {
  readonly table: SharedTable;
  /** Number of the table in our messages, and in the peer's (0: it has not told). */
  readonly localId: number;
  remoteId: number;
  /** What the peer's updates look like; null: they are not read. */
  remoteForm: UpdateForm | null;
  /** Last update got and acknowledged, of the peer's. */
  lastGet: number;
  lastAcked: number;
  /** Last update sent, and the last that the peer has acknowledged, of ours. */
  lastPushed: number;
  update: number;
  /** The last update made here when teaching all began. */
  teachingOrigin: number;
  /** Where teaching all has come to; null: not begun. */
  walk: Walk | null;
  /** All has been taught. */
  taught: boolean;
}

/** From a number to the first that counts as before it. */
const OLDEST = 2 ** 31 + 1;

/** Nothing is taught, nothing learned. */
export function newLesson(table: SharedTable, localId: number): Lesson {
  return {
    ...{ table, localId, remoteId: 0, remoteForm: null, lastGet: 0, lastAcked: 0, lastPushed: 0, update: 0 },
    ...{ teachingOrigin: 0, walk: null, taught: false },
  };
}

/** Numbers of updates wrap: whether `a` comes after `b`. */
export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/**
 * A session begins: the peer has what it acknowledged in the one before. Where that seems to be of the future, it is of a time too long ago to be
 * told from it: then the peer has nothing.
 */
export function beginSession(lesson: Lesson): void {
  lesson.lastGet = 0;
  lesson.lastAcked = 0;
  const last = lesson.table.localUpdate();
  if (isAfter(lesson.update, last)) lesson.update = (last + OLDEST) >>> 0;
  lesson.lastPushed = lesson.update;
  lesson.teachingOrigin = lesson.update;
  stopTeachingAll(lesson);
}

/** The peer wants all of the table. */
export function beginTeachingAll(lesson: Lesson): void {
  lesson.teachingOrigin = lesson.table.localUpdate();
  lesson.walk = null;
  lesson.taught = false;
}

/** The peer has all of the table; from now on what changes is taught. */
export function confirmTaught(lesson: Lesson): void {
  lesson.update = lesson.teachingOrigin;
  lesson.lastPushed = lesson.teachingOrigin;
  stopTeachingAll(lesson);
}

function stopTeachingAll(lesson: Lesson): void {
  lesson.walk = null;
  lesson.taught = false;
}
