/** A thing that is due again and again. Returns nothing; calls `scheduler.at` for its next turn when it is through. */
export interface Job {
  /** Date at which it is due, ms; kept by the scheduler. */
  due: number;
  /** Position in the heap, -1 when it is not in it. */
  position: number;
  /** Its turn has come. `release` must be called once, when what it started is over. */
  start(release: () => void): void;
}

/** Jobs due within this time of each other share one wake-up, ms. */
const SLACK = 10;

/**
 * Starts jobs when they are due: one timer and a binary heap for all of them, and no more than `limit` under way at a time
 * (the others wait their turn in order of their dates).
 */
export class Scheduler {
  readonly #heap: Job[] = [];
  readonly #limit: number;
  readonly #now: () => number;
  #running = 0;
  #timer: NodeJS.Timeout | null = null;
  #timerDue = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(limit: number, now: () => number = Date.now) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Jobs that wait for their date. */
  get waiting(): number {
    return this.#heap.length;
  }

  /** Jobs under way. */
  get running(): number {
    return this.#running;
  }

  /** Puts a job in line for a date, or moves it there. */
  at(job: Job, due: number): void {
    if (this.#closed) return;
    if (job.position >= 0) this.remove(job);
    job.due = due;
    job.position = this.#heap.push(job) - 1;
    this.#up(job.position);
    this.#arm();
  }

  /** Moves a waiting job to an earlier date; later ones are ignored. */
  noLaterThan(job: Job, due: number): void {
    if (job.position >= 0 && due < job.due) this.at(job, due);
  }

  /** Takes a job out of the line. */
  remove(job: Job): void {
    const at = job.position;
    if (at < 0) return;
    const last = this.#heap.pop()!;
    job.position = -1;
    if (last === job) return;
    this.#heap[at] = last;
    last.position = at;
    this.#up(at);
    this.#down(last.position);
  }

  /** Drops everything. Jobs under way are not touched. */
  close(): void {
    this.#closed = true;
    for (const job of this.#heap) job.position = -1;
    this.#heap.length = 0;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (!first || this.#running >= this.#limit) return;
    if (this.#timer && this.#timerDue <= first.due) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerDue = first.due;
    this.#timer = setTimeout(() => this.#run(), Math.min(MAX_DELAY, Math.max(0, first.due - this.#now())));
    this.#timer.unref();
  }

  #run(): void {
    this.#timer = null;
    const until = this.#now() + SLACK;
    while (this.#running < this.#limit) {
      const job = this.#heap[0];
      if (!job || job.due > until) break;
      this.remove(job);
      this.#running++;
      job.start(this.#releaser());
    }
    this.#arm();
  }

  #releaser(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#running--;
      this.#arm();
    };
  }

  #up(from: number): void {
    const heap = this.#heap;
    let at = from;
    const job = heap[at]!;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.due <= job.due) break;
      this.#put(heap[parent]!, at);
      at = parent;
    }
    this.#put(job, at);
  }

  #down(from: number): void {
    const heap = this.#heap;
    let at = from;
    const job = heap[at]!;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.due < heap[child]!.due) child++;
      if (heap[child]!.due >= job.due) break;
      this.#put(heap[child]!, at);
      at = child;
    }
    this.#put(job, at);
  }

  #put(job: Job, at: number): void {
    this.#heap[at] = job;
    job.position = at;
  }
}

/** The longest delay of a timer (24.8 days). */
const MAX_DELAY = 2 ** 31 - 1;
