import { LONGEST_DEFINITION, putDefinition } from './codec/definition.ts';
import { Class, ControlType, shortMessage } from './codec/messages.ts';
import { ackMessage, putUpdate, type Update, updateRoom } from './codec/update.ts';
import { beginTeachingAll, type Lesson } from './lesson.ts';
import type { Peer } from './peer.ts';
import type { Walk } from './shared-table.ts';

/** Bytes that are made in one turn, about. */
const BATCH = 65_536;
/** The longest message that a peer with buffers of the usual size accepts. */
const LONGEST_MESSAGE = 16_000;
/** Entries between two looks at the clock. */
const BETWEEN_LOOKS = 64;

/** Messages one behind the other. */
export class Outgoing {
  #bytes = Buffer.allocUnsafeSlow(BATCH);
  length = 0;

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Room for `size` bytes behind what is there; null when there is none before that is sent. */
  room(size: number): Uint8Array | null {
    if (this.#bytes.length - this.length >= size) return this.#bytes;
    if (this.length > 0) return null;
    this.#bytes = Buffer.allocUnsafeSlow(size);
    return this.#bytes;
  }

  /** A message lies between these two places behind what is there. */
  took([start, end]: readonly [number, number]): void {
    this.#bytes.copyWithin(this.length, start, end);
    this.length += end - start;
  }

  add(message: Uint8Array): boolean {
    const bytes = this.room(message.length);
    if (bytes === null) return false;
    bytes.set(message, this.length);
    this.length += message.length;
    return true;
  }
}

/** What the section that teaches says of itself. */
export interface Teacher {
  /** What is taught is all there is. */
  readonly complete: boolean;
  /** Keys are spread over so many shards; 0: they are not. */
  readonly shards: number;
}

/** A table that is taught to a peer. `shards`: it is taught the keys of its own one among so many; 0: all. */
interface Work {
  readonly peer: Peer;
  readonly lesson: Lesson;
  readonly out: Outgoing;
  readonly deadline: number;
  readonly shards: number;
}

const update: Update = { id: 0, expire: null, key: new Uint8Array(0), values: [], text: null };

/**
 * Puts what a peer is to be told into `out`: acknowledgements, what changed or all there is, ends of lessons. Returns false when there is
 * more to say: no room is left, or the time is over.
 */
export function teach(peer: Peer, out: Outgoing, deadline: number, { complete, shards }: Teacher): boolean {
  if (peer.learning === 'ASSIGNED' && !peer.local) {
    if (!out.add(shortMessage(Class.control, ControlType.request))) return false;
    peer.learning = 'PROCESSING';
  }
  for (const lesson of peer.lessons) {
    if (lesson.lastGet !== lesson.lastAcked) {
      if (!out.add(ackMessage(lesson.remoteId, lesson.lastGet))) return false;
      lesson.lastAcked = lesson.lastGet;
    }
  }
  for (const lesson of peer.lessons) {
    const work = { peer, lesson, out, deadline, shards: peer.shard === 0 ? 0 : shards };
    if (!(peer.teaching ? teachAll(work) : teachChanges(work))) return false;
  }
  if (peer.teaching && !peer.taughtAll) {
    const type = complete ? ControlType.finished : ControlType.partial;
    if (!out.add(shortMessage(Class.control, type))) return false;
    peer.taughtAll = true;
  }
  for (; peer.confirm > 0; peer.confirm--) {
    if (!out.add(shortMessage(Class.control, ControlType.confirm))) return false;
  }
  return true;
}

/** A peer that wants all of our tables gets it from the beginning. */
export function startTeaching(peer: Peer): void {
  for (const lesson of peer.lessons) beginTeachingAll(lesson);
  peer.teaching = true;
  peer.taughtAll = false;
}

/** What is being learned from a peer is not disturbed by changes. */
function teachChanges(work: Work): boolean {
  const { peer, lesson, out } = work;
  const { table } = lesson;
  if (peer.learning !== 'NOTASSIGNED' || lesson.lastPushed === table.localUpdate()) return true;
  if (!define(peer, lesson, out)) return false;
  const changes = lesson.walk === null ? table.changesAfter(lesson.lastPushed) : null;
  if (changes === null) return teachEntries(work);
  if (!push(work, { walk: changes, changes: true, timed: false })) return false;
  lesson.lastPushed = changes.reached;
  return true;
}

/** So much has changed that all is taught, as if it had changed. */
function teachEntries(work: Work): boolean {
  const { lesson } = work;
  if (lesson.walk === null) beginTeachingAll(lesson);
  lesson.walk ??= lesson.table.entries();
  if (!push(work, { walk: lesson.walk, changes: false, timed: false })) return false;
  lesson.walk = null;
  lesson.lastPushed = lesson.teachingOrigin;
  return true;
}

function teachAll(work: Work): boolean {
  const { peer, lesson, out } = work;
  if (lesson.taught) return true;
  if (!define(peer, lesson, out)) return false;
  lesson.walk ??= lesson.table.entries();
  if (!push(work, { walk: lesson.walk, changes: false, timed: !peer.downgraded })) return false;
  lesson.walk = null;
  lesson.taught = true;
  return true;
}

/** Tells which table the next updates are of, where that is another one. */
function define(peer: Peer, lesson: Lesson, out: Outgoing): boolean {
  if (peer.localLesson === lesson) return true;
  const to = out.room(LONGEST_DEFINITION);
  if (to === null) return false;
  const { wireName, form, expire } = lesson.table;
  out.took(putDefinition(to, out.length, { ...form, id: lesson.localId, name: wireName, expire }));
  peer.localLesson = lesson;
  return true;
}

/** What is taught, and how: `changes` have numbers of their own, all else that of the beginning; `timed`: with the time that is left. */
interface Course {
  readonly walk: Walk;
  readonly changes: boolean;
  readonly timed: boolean;
}

/** Puts entries into `out`; false when room or time is over before their end. */
function push({ peer, lesson, out, deadline, shards }: Work, { walk, changes, timed }: Course): boolean {
  const { form } = lesson.table;
  const most = updateRoom(form);
  const dictionary = placeOfText(lesson);
  const now = Date.now();
  let numbered = true;
  for (let count = 1; ; count++) {
    const to = out.room(most);
    if (to === null || (count % BETWEEN_LOOKS === 0 && performance.now() > deadline)) return false;
    if (!walk.next(update, now)) return true;
    const id = update.id!;
    if (shards > 0 && lesson.table.shardOf(update.key, shards) !== peer.shard) {
      // What follows has to say its number.
      numbered = true;
      if (changes) lesson.lastPushed = id;
      continue;
    }
    const fits = most - form.keyLength + update.key.length <= LONGEST_MESSAGE;
    if (fits) {
      if (!timed) update.expire = null;
      if (dictionary >= 0) tellText(peer, dictionary);
      if (!changes) update.id = lesson.teachingOrigin;
      else if (!numbered && id === (lesson.lastPushed + 1) >>> 0) update.id = null;
      out.took(putUpdate(to, out.length, form, update));
    }
    numbered = !fits;
    if (changes) lesson.lastPushed = id;
  }
}

/** Where among the values of an entry the number of its text is; -1 where it has none. */
function placeOfText({ table: { form } }: Lesson): number {
  let at = 0;
  for (const { type, elements } of form.columns) {
    if (type.kind === 'dict') return at;
    at += elements * (type.kind === 'rate' ? 3 : 1);
  }
  return -1;
}

function tellText(peer: Peer, at: number): void {
  if (update.text === null) {
    update.values[at] = 0;
    return;
  }
  const { number, isNew } = peer.sent.numberOf(update.text);
  update.values[at] = number;
  if (!isNew) update.text = null;
}
