/**
 * Server slots: lines of a backend that discovered servers take and leave, so that most changes are of an address and a state, which every
 * HAProxy can make while it runs. How many there are follows the Data Plane API: `server_slots_base` to begin with; when they are used up
 * the next multiple of the increment (`linear`) or twice as many (`exponential`); fewer again when far fewer are needed.
 */

import { type FoundServer, USUAL_WEIGHT } from './found.ts';

export interface Slot {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** Nothing is in it. */
  readonly spare: boolean;
}

export interface Scaling {
  /** At least so many slots. */
  readonly base: number;
  readonly growth: 'linear' | 'exponential';
  /** Of linear growth. */
  readonly increment: number;
}

/** What a spare slot has for an address. */
const NOWHERE = { address: '127.0.0.1', port: 80, weight: USUAL_WEIGHT, spare: true };

/** The slots with these servers in them. A server that has a slot keeps it. `newName`: the name of a slot that is added, not taken yet. */
export function filled(
  slots: readonly Slot[],
  wanted: readonly FoundServer[],
  scaling: Scaling,
  newName: () => string,
): Slot[] {
  const waiting = new Map(wanted.map((server) => [placeOf(server), server]));
  const kept = slots.map((slot): Slot => {
    const server = slot.spare ? undefined : waiting.get(placeOf(slot));
    if (server === undefined) return { name: slot.name, ...NOWHERE };
    waiting.delete(placeOf(slot));
    return { name: slot.name, ...server, spare: false };
  });
  const count = slotCount(slots.length, wanted.length, scaling);
  while (kept.length < count) kept.push({ name: newName(), ...NOWHERE });
  const placed = kept.map((slot): Slot => {
    const [next] = slot.spare ? waiting.values() : [];
    if (next === undefined) return slot;
    waiting.delete(placeOf(next));
    return { name: slot.name, ...next, spare: false };
  });
  return shortened(placed, count);
}

/** How many slots there are to be where there are `now`. */
export function slotCount(now: number, wanted: number, { base, growth, increment }: Scaling): number {
  const next = wanted + increment - (wanted % increment);
  let count = Math.max(now, base);
  if (growth === 'linear') {
    if (wanted >= count) return next;
    return wanted + increment > count ? count : Math.max(next, base);
  }
  while (count < wanted) count *= 2;
  if (wanted < base) return base;
  while (count / 2 >= base && count / 2 > wanted && count % 2 === 0) count /= 2;
  return count;
}

/** Spare slots at the end go first. */
function shortened(slots: readonly Slot[], count: number): Slot[] {
  let over = slots.length - count;
  return slots
    .toReversed()
    .filter(({ spare }) => !(spare && over-- > 0))
    .toReversed();
}

function placeOf({ address, port }: Pick<Slot, 'address' | 'port'>): string {
  return `${address} ${port}`;
}
