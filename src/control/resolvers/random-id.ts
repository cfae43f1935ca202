import { randomFillSync } from 'node:crypto';

const pool = new Uint16Array(256);
let used = pool.length;

/** An unpredictable 16-bit number that is no key of `taken`, which must leave some. */
export function randomId(taken: { has(id: number): boolean }): number {
  for (;;) {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const id = pool[used++]!;
    if (!taken.has(id)) return id;
  }
}
