/** How long a test waits for one event before it fails, in ms. A loaded machine may be ten times slower than an idle one. */
export const patience = Number(process.env['SLUICE_TEST_PATIENCE'] ?? 8000);

/** Whatever can run a clean-up at its end: a `TestContext`, or `{ after }` of node:test for a whole file. */
export interface Scope {
  after(cleanUp: () => unknown): void;
}

/**
 * `promise`, or a rejection that says what was waited for, after `ms`.
 * `describe` is called only on failure, so it may print what has been seen so far.
 */
export function within<T>(promise: Promise<T>, describe: string | (() => string), ms: number = patience): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      const what = typeof describe === 'string' ? describe : describe();
      reject(new Error(`not within ${ms} ms: ${what}`));
    }, ms);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/**
 * Asks again and again until `probe` gives a truthy value, and returns that value. Only for what tells nobody when it
 * changes (another process's state); everything else has an event. Without `every` (ms) it asks the more seldom the longer it lasts:
 * asking takes processor time from what is waited for.
 */
export async function until<T>(
  describe: string | (() => string),
  probe: () => T | Promise<T>,
  { every, ms = patience }: { every?: number; ms?: number } = {},
): Promise<NonNullable<T>> {
  const began = Date.now();
  for (;;) {
    const value = await probe();
    if (value) return value as NonNullable<T>;
    const waited = Date.now() - began;
    if (waited > ms) {
      throw new Error(`not within ${ms} ms: ${typeof describe === 'string' ? describe : describe()}`);
    }
    await pause(every ?? Math.min(50, 10 + waited / 10));
  }
}

/** Resolves after `ms`. For pacing what a test itself sends, never for hoping that something has happened. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
