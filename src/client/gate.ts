/** Work that waits for its turn may be given up: by the signal, or after `timeout` ms with the error that `late` makes. */
export interface Patience {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
  readonly late: () => Error;
}

/** Lets at most `most` pieces of work run at once; further ones wait, first come, first served. */
export function gate(most: number): <T>(patience: Patience, work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting = new Set<() => void>();
  return async (patience, work) => {
    if (running >= most) await turn(waiting, patience);
    else running++;
    try {
      return await work();
    } finally {
      const [next] = waiting;
      if (next === undefined) running--;
      else next(); // takes over the place
    }
  };
}

function turn(waiting: Set<() => void>, { signal, timeout, late }: Patience): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (how: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      waiting.delete(enter);
      how();
    };
    const enter = () => leave(resolve);
    const onAbort = () => leave(() => reject(signal!.reason as Error));
    const timer = setTimeout(() => leave(() => reject(late())), timeout);
    signal?.addEventListener('abort', onAbort);
    waiting.add(enter);
  });
}
