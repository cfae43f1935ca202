/** Threads when `nbthread` does not say: the cores that the process may use. */
export function defaultThreads(): number {
  return Math.min(64, Math.max(1, navigator.hardwareConcurrency));
}
