import { demands } from '../expr/demands.ts';
import type { Work } from '../expr/types.ts';
import { eventClock } from '../net/event-clock.ts';
import type { Stream } from './stream.ts';

/**
 * What the streams of a thread cost it (HAProxy manual, `cpu_calls`, `cpu_ns_tot`, `lat_ns_tot`). A call lasts from the first event that a
 * stream is told of until the event loop goes on, or a stream is told of the next one. It has waited since the first call of the loop's turn,
 * whose events were all there at once.
 */
export class WorkMeter {
  /** Times are taken, calls are only counted otherwise (`profiling.tasks`). */
  readonly #timed: () => boolean;
  #stream: Stream | null = null;
  #event = 0;
  /** Dates in ms with fractions, 0: not taken. */
  #since = 0;
  #turn = 0;
  readonly #end = () => this.#close();
  readonly #turned = () => {
    this.#turn = 0;
  };

  constructor(timed: () => boolean) {
    this.#timed = timed;
  }

  /** The stream is told of an event. */
  begin(stream: Stream): void {
    if (this.#stream === stream && stream.work !== null && this.#event === eventClock.events) return;
    this.#event = eventClock.events;
    if (this.#stream === null) queueMicrotask(this.#end);
    else this.#close();
    this.#stream = stream;
    stream.work ??= { calls: 0, busy: 0, waited: 0 };
    stream.work.calls++;
    if (!this.#timed()) return;
    this.#since = performance.now();
    if (this.#turn === 0) {
      this.#turn = this.#since;
      setImmediate(this.#turned);
    } else stream.work.waited += nanoseconds(this.#since - this.#turn);
  }

  /** The call that was begun last is over; what it took is nobody's any more when it ended the stream. */
  #close(): void {
    const work: Work | null = this.#stream!.work;
    if (this.#since !== 0 && work !== null) work.busy += nanoseconds(performance.now() - this.#since);
    this.#stream = null;
    this.#since = 0;
  }
}

const nanoseconds = (ms: number): number => Math.round(ms * 1_000_000);

/** Counts a call of the stream, where an expression asks for that. */
export function countCall(stream: Stream): void {
  if (demands.work) stream.env.work.begin(stream);
}
