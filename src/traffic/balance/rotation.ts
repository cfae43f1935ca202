import { IndexHeap } from './heap.ts';
import { isFull, type Target, WEIGHT_MAX } from './types.ts';

/** Where a server stands: in the turn under way, or waiting for the next one. */
const OUT = 0;
const TURN = 1;
const FRESH = 2;
const LATER = 3;

/**
 * Smooth weighted round robin with weights that may change at any time, in HAProxy's order.
 *
 * A turn gives every server as many places as its weight, spread evenly: a server's next place is its last one plus
 * total / weight, the remainder being carried. Three heaps hold the servers: `fresh` (not yet placed in this turn,
 * heaviest first), `turn` (by place), and `later` (done with this turn, heaviest first). When a place of the turn is
 * nobody's, the first fresh server takes it; when both are empty the turn ends and `later` becomes `fresh`. Servers
 * that are full, or to be avoided, are put back where they were.
 *
 * Invariant: a member is in exactly one heap, told by `#where`, except while `pick` runs.
 */
export class Rotation<T extends Target> {
  #members: (T | null)[];
  readonly #index: Map<T, number>;
  readonly #free: number[];
  /** Remainders of servers that have left, should they come back. */
  readonly #remembered: WeakMap<T, number>;
  #weights: Int32Array;
  #places: Float64Array;
  #lastPlaces: Float64Array;
  #remainders: Float64Array;
  #where: Int8Array;
  /** Chain of servers taken out of turn during a pick. */
  #aside: Int32Array;
  readonly #turn: IndexHeap;
  #fresh: IndexHeap;
  #later: IndexHeap;
  /** Sum of the weights now, and when this turn began. */
  #weight: number;
  #turnWeight: number;
  #position: number;
  #started: boolean;

  constructor() {
    this.#members = [];
    this.#index = new Map();
    this.#free = [];
    this.#remembered = new WeakMap();
    this.#weights = new Int32Array(0);
    this.#places = new Float64Array(0);
    this.#lastPlaces = new Float64Array(0);
    this.#remainders = new Float64Array(0);
    this.#where = new Int8Array(0);
    this.#aside = new Int32Array(0);
    this.#turn = new IndexHeap(0);
    this.#fresh = new IndexHeap(0);
    this.#later = new IndexHeap(0);
    this.#weight = 0;
    this.#turnWeight = 0;
    this.#position = 0;
    this.#started = false;
  }

  /** The members are these from now on; what changed of them is worked into the turn under way. */
  update(members: readonly T[]): void {
    const wanted = new Set(members);
    for (const [member, i] of this.#index) if (!wanted.has(member)) this.#leave(member, i);
    if (!this.#started && members.length > 0) {
      this.#start(members);
      return;
    }
    for (const member of members) {
      const i = this.#index.get(member);
      if (i === undefined) this.#join(member);
      else if (this.#weights[i] !== member.weight) this.#reweigh(i, member.weight);
    }
  }

  /** The next server in turn that is not full; `avoid` only if it is the last one. null when all are full. */
  pick(avoid: T | null): T | null {
    let ended = false;
    let aside = -1;
    let avoided = -1;
    let found = -1;
    if (this.#turnWeight === 0) this.#position = this.#turnWeight = this.#weight;
    for (;;) {
      let next = this.#due();
      if (next < 0 && !ended) {
        ended = true;
        this.#endTurn();
        next = this.#due();
      }
      if (next < 0) {
        found = avoided;
        break;
      }
      this.#advance(next);
      this.#remove(next);
      this.#position++;
      const server = this.#members[next]!;
      if (!isFull(server)) {
        if (server !== avoid) {
          found = next;
          break;
        }
        avoided = next;
      }
      this.#aside[next] = aside;
      aside = next;
    }
    if (found >= 0) this.#queue(found);
    for (; aside >= 0; aside = this.#aside[aside]!) {
      if (aside === found) continue;
      // Their places belong to the turn that has ended: only their weights count in the new one.
      if (ended) this.#queueByWeight(FRESH, aside);
      else this.#queue(aside);
    }
    return found < 0 ? null : this.#members[found]!;
  }

  #start(members: readonly T[]): void {
    this.#started = true;
    for (const member of members) {
      const i = this.#admit(member);
      this.#places[i] = 0;
      this.#queueByWeight(FRESH, i);
    }
    this.#position = this.#turnWeight = this.#weight;
  }

  /**
   * The server whose place has come, or the first fresh one, or the one with the next place; -1 when there is none in
   * this turn.
   */
  #due(): number {
    const placed = this.#turn.first();
    if (placed >= 0 && this.#places[placed]! <= this.#position) return placed;
    const fresh = this.#fresh.first();
    if (fresh < 0) return placed;
    this.#places[fresh] = 0;
    this.#remainders[fresh] = 0;
    return fresh;
  }

  /** Computes the next place of a server that is taken now. */
  #advance(i: number): void {
    const weight = this.#weights[i]!;
    if (this.#places[i] === 0) this.#places[i] = this.#position;
    const place = this.#places[i]!;
    this.#lastPlaces[i] = place;
    const rest = this.#remainders[i]! + (this.#weight % weight);
    const carry = rest >= weight ? 1 : 0;
    this.#remainders[i] = rest - carry * weight;
    this.#places[i] = place + Math.floor(this.#weight / weight) + carry;
  }

  #endTurn(): void {
    const done = this.#later;
    this.#later = this.#fresh;
    this.#fresh = done;
    for (let i = 0; i < this.#where.length; i++) if (this.#where[i] === LATER) this.#where[i] = FRESH;
    this.#position = this.#turnWeight = this.#weight;
  }

  /** Queues a server by its place: in this turn, or in the next one when the place lies behind its end. */
  #queue(i: number): void {
    const place = this.#places[i]!;
    if (place >= 2 * this.#turnWeight || place >= this.#turnWeight + this.#weight) {
      this.#places[i] = place - this.#turnWeight;
      this.#queueByWeight(LATER, i);
      return;
    }
    // Among equal places: what has the smaller remainder, or is heavier, goes first.
    const rank = Math.floor((WEIGHT_MAX + this.#remainders[i]! - this.#weights[i]!) / 16);
    this.#turn.put(i, 256 * place + rank);
    this.#where[i] = TURN;
  }

  #queueByWeight(where: typeof FRESH | typeof LATER, i: number): void {
    (where === FRESH ? this.#fresh : this.#later).put(i, WEIGHT_MAX - this.#weights[i]!);
    this.#where[i] = where;
  }

  #remove(i: number): void {
    const where = this.#where[i];
    if (where === TURN) this.#turn.remove(i);
    else if (where === FRESH) this.#fresh.remove(i);
    else if (where === LATER) this.#later.remove(i);
    this.#where[i] = OUT;
  }

  #join(member: T): void {
    const i = this.#admit(member);
    const left = this.#weight + this.#turnWeight - this.#position;
    this.#places[i] = this.#position + Math.floor(left / this.#weights[i]!);
    this.#lastPlaces[i] = this.#position;
    this.#queue(i);
  }

  #leave(member: T, i: number): void {
    this.#remove(i);
    this.#remembered.set(member, this.#remainders[i]!);
    this.#weight -= this.#weights[i]!;
    this.#index.delete(member);
    this.#members[i] = null;
    this.#free.push(i);
  }

  /** Gives a server with places in this turn the next one that its new weight entitles it to. */
  #reweigh(i: number, weight: number): void {
    this.#weight += weight - this.#weights[i]!;
    this.#weights[i] = weight;
    if (this.#where[i] === FRESH) {
      this.#remove(i);
      this.#queueByWeight(FRESH, i);
      return;
    }
    const before = this.#places[i]! + (this.#where[i] === LATER ? this.#turnWeight : 0);
    const step = Math.floor(this.#weight / weight);
    let place = Math.min(this.#lastPlaces[i]! + step, before);
    if (place < this.#position + 2) place = this.#position + step;
    this.#places[i] = place;
    this.#remainders[i] = 0;
    this.#remove(i);
    this.#queue(i);
  }

  #admit(member: T): number {
    const i = this.#free.pop() ?? this.#members.length;
    if (i === this.#members.length) this.#members.push(null);
    if (i >= this.#weights.length) this.#grow(Math.max(8, 2 * i));
    this.#members[i] = member;
    this.#index.set(member, i);
    this.#weights[i] = member.weight;
    this.#remainders[i] = this.#remembered.get(member) ?? 0;
    this.#where[i] = OUT;
    this.#weight += member.weight;
    return i;
  }

  #grow(capacity: number): void {
    this.#weights = copied(this.#weights, new Int32Array(capacity));
    this.#places = copied(this.#places, new Float64Array(capacity));
    this.#lastPlaces = copied(this.#lastPlaces, new Float64Array(capacity));
    this.#remainders = copied(this.#remainders, new Float64Array(capacity));
    this.#where = copied(this.#where, new Int8Array(capacity));
    this.#aside = copied(this.#aside, new Int32Array(capacity));
    this.#turn.grow(capacity);
    this.#fresh.grow(capacity);
    this.#later.grow(capacity);
  }
}

function copied<A extends Int8Array | Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from as never);
  return to;
}
