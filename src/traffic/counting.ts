import type { Stream } from './stream.ts';

/** Counts in a field of the stream's frontend, and of the address that its client came by where that has counters of its own. */
export function countFront({ frontend, listener }: Stream, field: number, n = 1): void {
  frontend.c[field]! += n;
  if (listener?.counted === true) listener.c[field]! += n;
}
