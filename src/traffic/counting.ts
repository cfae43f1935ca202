import type { TrafficFrontend, TrafficListener } from './frontend.ts';

/** What came by an address of a frontend: a stream, or the client of one. */
interface Arrived {
  readonly frontend: TrafficFrontend;
  readonly listener: TrafficListener | null;
}

/** Counts in a field of the frontend, and of the address that the client came by where that has counters of its own. */
export function countFront(arrived: Arrived, field: number, n = 1): void {
  arrived.frontend.c[field]! += n;
  countListener(arrived, field, n);
}

/** Counts on that address alone. */
export function countListener({ listener }: Arrived, field: number, n = 1): void {
  if (listener?.counted === true) listener.c[field]! += n;
}
