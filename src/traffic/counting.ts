import { C } from '../model/counters.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import type { Stream } from './stream.ts';

/** What came by an address of a frontend: a stream, or the client of one. */
interface Arrived {
  readonly frontend: TrafficFrontend;
  readonly listener: TrafficListener | null;
}

/** Counts in a field of the frontend, and of the address that the client came by where that has counters of its own. */
export function countFront(arrived: Arrived, field: number, n = 1): void {
  const { frontend, listener } = arrived;
  frontend.c[field]! += n;
  if (listener?.counted === true) listener.c[field]! += n;
}

/** Counts a denial: on the frontend, and on the backend once there is one. */
export function countDenied(stream: Stream, field: number): void {
  countFront(stream, field);
  if (stream.backendHeld) stream.backend!.c[field]!++;
}

/** Counts a request that the frontend answers by itself. */
export function countIntercepted({ frontend, backend }: Stream): void {
  if (backend === null || backend.id === frontend.id) frontend.c[C.intercepted]!++;
}
