import { setImmediate as yieldToLoop } from 'node:timers/promises';

/** How long a page may be worked on before everything else in the control thread gets its turn, ms. */
const SLICE_MS = 4;

/**
 * Cuts long work into slices: `await pacer.breathe()` lets other work run once a slice is used up, and costs next to
 * nothing before.
 */
export class Pacer {
  #until: number;

  constructor() {
    this.#until = performance.now() + SLICE_MS;
  }

  /** The slice is used up. */
  get due(): boolean {
    return performance.now() >= this.#until;
  }

  async breathe(): Promise<void> {
    if (!this.due) return;
    await yieldToLoop();
    this.#until = performance.now() + SLICE_MS;
  }
}
