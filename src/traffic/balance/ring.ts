import { avalanche } from '../../expr/hashes.ts';
import { sourceHash } from './keys.ts';
import { type Target, WEIGHT_MAX } from './types.ts';

/**
 * Ring of points for consistent hashing: each server has as many points as its effective weight (16 for a weight of 1),
 * at hashes of its key and the point's number, so that a change of one server moves no point of another.
 *
 * Sorted typed arrays, 10 bytes a point; looked up by bisection. A change is one pass over the arrays, made when the
 * ring is next used.
 */
export class Ring<T extends Target> {
  /** Points in order: hash, owner (index into `servers`), number among the owner's points. */
  #hashes: Uint32Array;
  #owners: Int32Array;
  #numbers: Uint16Array;
  #servers: T[];
  /** Points and key that each of `servers` has in the arrays. */
  #points: number[];
  #keys: number[];
  #wanted: readonly T[] | null;
  #cursor: number;

  constructor() {
    this.#hashes = new Uint32Array(0);
    this.#owners = new Int32Array(0);
    this.#numbers = new Uint16Array(0);
    this.#servers = [];
    this.#points = [];
    this.#keys = [];
    this.#wanted = null;
    this.#cursor = -1;
  }

  /** Number of points. */
  get size(): number {
    if (this.#wanted !== null) this.#rebuild();
    return this.#hashes.length;
  }

  /** The servers on the ring are these, with the weights that they have now. */
  update(servers: readonly T[]): void {
    this.#wanted = servers;
  }

  server(point: number): T {
    return this.#servers[this.#owners[point]!]!;
  }

  next(point: number): number {
    return point + 1 < this.#hashes.length ? point + 1 : 0;
  }

  /** The point nearest to a hash, the one before it when two are as near; -1 when the ring is empty. */
  nearest(hash: number): number {
    if (this.#wanted !== null) this.#rebuild();
    const hashes = this.#hashes;
    if (hashes.length === 0) return -1;
    const found = firstNotBelow(hashes, hash);
    const after = found === hashes.length ? 0 : found;
    const before = after === 0 ? hashes.length - 1 : after - 1;
    return (hash - hashes[before]!) >>> 0 <= (hashes[after]! - hash) >>> 0 ? before : after;
  }

  /** The point behind the one that was last taken in turn, which it becomes; -1 when the ring is empty. */
  advance(): number {
    if (this.size === 0) return -1;
    this.#cursor = this.next(this.#cursor);
    return this.#cursor;
  }

  /** Sets the point that was last taken in turn. */
  seek(point: number): void {
    this.#cursor = point;
  }

  #rebuild(): void {
    const wanted = this.#wanted!;
    this.#wanted = null;
    const indexBefore = new Map(this.#servers.map((server, i) => [server, i]));
    const owner = new Int32Array(this.#servers.length).fill(-1);
    const kept = new Int32Array(this.#servers.length);
    const keys = wanted.map(ringKey);
    const points = wanted.map((server) => server.weight);
    const added: Added = { owners: [], from: [], to: [], keys, total: 0 };
    for (let i = 0; i < wanted.length; i++) {
      const was = indexBefore.get(wanted[i]!);
      let from = 0;
      if (was !== undefined && this.#keys[was] === keys[i]) {
        owner[was] = i;
        kept[was] = from = Math.min(this.#points[was]!, points[i]!);
      }
      if (from === points[i]) continue;
      added.owners.push(i);
      added.from.push(from);
      added.to.push(points[i]!);
      added.total += points[i]! - from;
    }
    const mark = this.#cursor < 0 ? -1 : this.#hashes[this.#cursor]!;
    this.#merge(owner, kept, sorted(added));
    this.#servers = [...wanted];
    this.#points = points;
    this.#keys = keys;
    this.#cursor = mark < 0 ? -1 : Math.min(firstNotBelow(this.#hashes, mark), this.#hashes.length - 1);
  }

  /**
   * Drops the points that are not kept (numbers at or above `kept` of their owner), renames owners, and merges new
   * points in.
   */
  #merge(owner: Int32Array, kept: Int32Array, added: Points): void {
    let stay = 0;
    for (let i = 0; i < this.#owners.length; i++) if (this.#numbers[i]! < kept[this.#owners[i]!]!) stay++;
    const hashes = new Uint32Array(stay + added.hashes.length);
    const owners = new Int32Array(hashes.length);
    const numbers = new Uint16Array(hashes.length);
    let out = 0;
    let a = 0;
    for (let i = 0; i < this.#owners.length; i++) {
      const was = this.#owners[i]!;
      if (this.#numbers[i]! >= kept[was]!) continue;
      const hash = this.#hashes[i]!;
      for (; a < added.hashes.length && added.hashes[a]! < hash; a++, out++) {
        hashes[out] = added.hashes[a]!;
        owners[out] = added.owners[a]!;
        numbers[out] = added.numbers[a]!;
      }
      hashes[out] = hash;
      owners[out] = owner[was]!;
      numbers[out++] = this.#numbers[i]!;
    }
    hashes.set(added.hashes.subarray(a), out);
    owners.set(added.owners.subarray(a), out);
    numbers.set(added.numbers.subarray(a), out);
    this.#hashes = hashes;
    this.#owners = owners;
    this.#numbers = numbers;
  }
}

interface Added {
  readonly owners: number[];
  /** Numbers of the first new point and behind the last one, for each of `owners`. */
  readonly from: number[];
  readonly to: number[];
  readonly keys: readonly number[];
  total: number;
}

interface Points {
  readonly hashes: Uint32Array;
  readonly owners: Int32Array;
  readonly numbers: Uint16Array;
}

/** New points in order of their hashes, those with the same hash in order of their owners. */
function sorted(added: Added): Points {
  const hashes = new Uint32Array(added.total);
  const owners = new Int32Array(added.total);
  const numbers = new Uint16Array(added.total);
  let n = 0;
  for (let j = 0; j < added.owners.length; j++) {
    const base = Math.imul(added.keys[added.owners[j]!]!, WEIGHT_MAX);
    for (let number = added.from[j]!; number < added.to[j]!; number++, n++) {
      hashes[n] = avalanche(base + number);
      owners[n] = added.owners[j]!;
      numbers[n] = number;
    }
  }
  const order = radixOrder(hashes);
  return {
    hashes: Uint32Array.from(order, (i) => hashes[i]!),
    owners: Int32Array.from(order, (i) => owners[i]!),
    numbers: Uint16Array.from(order, (i) => numbers[i]!),
  };
}

/** Positions in order of their values, stably: two passes over 16 bits each. */
function radixOrder(values: Uint32Array): Uint32Array {
  let order = Uint32Array.from(values, (_, i) => i);
  let spare = new Uint32Array(values.length);
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(65537);
    for (let i = 0; i < values.length; i++) starts[((values[i]! >>> shift) & 0xffff) + 1]!++;
    for (let d = 0; d < 65536; d++) starts[d + 1]! += starts[d]!;
    for (let i = 0; i < order.length; i++) spare[starts[(values[order[i]!]! >>> shift) & 0xffff]!++] = order[i]!;
    [order, spare] = [spare, order];
  }
  return order;
}

/** Index of the first value that is at least `hash`; the length when there is none. */
function firstNotBelow(hashes: Uint32Array, hash: number): number {
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hashes[middle]! < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * `hash-key`: what makes a server's points its own. An id, or the address (and port), so that several balancers agree
 * whatever their ids are; the id too where there is no IP address.
 */
export function ringKey(server: Target): number {
  const { host, family, port } = server.view;
  const { hashKey } = server.config;
  if (hashKey === 'id' || host === null || (family !== 'inet' && family !== 'inet6')) return server.id;
  const address = sourceHash(host, true);
  return hashKey === 'addr' ? address : (address ^ avalanche(port)) >>> 0;
}
