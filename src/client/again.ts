import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeClientError } from './failures.ts';

/** Errors of connecting after which a program that restarts, or that has all its places taken, may be there soon. */
const passing = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN', 'CLOSED']);

/** Connects by `open`, again and again for `milliseconds` while it ends with one of these errors, and not after `stopped`. */
export async function again<T>(
  open: () => Promise<T>,
  milliseconds: number,
  stopped: () => boolean,
  errors: ReadonlySet<string> = passing,
): Promise<T> {
  const giveUp = performance.now() + milliseconds;
  for (let pause = 25; ; pause = Math.min(500, pause * 2)) {
    try {
      return await open();
    } catch (error) {
      const may = error instanceof RuntimeClientError && errors.has(error.code);
      if (!may || stopped() || performance.now() + pause > giveUp) throw error;
      await sleep(pause);
    }
  }
}
