import { availableParallelism } from 'node:os';

/** How long figures are good for, ms. */
const FRESH = 500;

/** The load of this thread and of the process over the last half second or more, percent; measured when it is asked for. */
export class Load {
  #at = performance.now();
  #loop = performance.eventLoopUtilization();
  #cpu = process.cpuUsage();
  #figures = { threadUse: 0, processUse: 0 };

  now(): { readonly threadUse: number; readonly processUse: number } {
    const at = performance.now();
    if (at - this.#at < FRESH) return this.#figures;
    const { user, system } = process.cpuUsage(this.#cpu);
    const share = (user + system) / 1000 / (at - this.#at);
    this.#figures = {
      threadUse: Math.round(performance.eventLoopUtilization(this.#loop).utilization * 100),
      processUse: Math.min(100, Math.round((share * 100) / availableParallelism())),
    };
    this.#at = at;
    this.#loop = performance.eventLoopUtilization();
    this.#cpu = process.cpuUsage();
    return this.#figures;
  }
}
