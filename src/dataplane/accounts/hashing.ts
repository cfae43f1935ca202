import { Worker } from 'node:worker_threads';
import { threadEntry } from '../../util/entry.ts';

/** Passwords that may wait to be checked; more are refused, so that guesses pile up nowhere. */
const MOST_WAITING = 64;

/** Checks passwords off the event loop. Resolves to null when too many wait. */
export interface Hashing {
  check(password: string, hash: string): Promise<boolean | null>;
  close(): Promise<void>;
}

export function startHashing(): Hashing {
  const waiting = new Map<number, (right: boolean | null) => void>();
  let worker: Worker | null = null;
  let last = 0;
  const start = (): Worker => {
    const started = new Worker(threadEntry('password'), { name: 'password', stdin: false });
    started.on('message', ({ id, right }: { readonly id: number; readonly right: boolean }) => {
      waiting.get(id)?.(right);
      waiting.delete(id);
    });
    // Without an answer nobody is let in; the next question starts another thread.
    const end = () => {
      if (worker === started) worker = null;
      for (const resolve of waiting.values()) resolve(null);
      waiting.clear();
    };
    started.on('error', end);
    started.on('exit', end);
    started.unref();
    return started;
  };
  return {
    check(password, hash) {
      if (waiting.size >= MOST_WAITING) return Promise.resolve(null);
      worker ??= start();
      const id = ++last;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        worker!.postMessage({ id, password, hash });
      });
    },
    close: async () => {
      await worker?.terminate();
    },
  };
}
