/** Load balancers that are worked on at the same time. */
const AT_ONCE = 20;

/** Does the work on all items, so many at once; resolves when all are done. `work` must not reject. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    // The workers share one iterator: each takes the next.
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}
