/** No event is being handled; one is, and nobody has asked yet. */
const OUTSIDE = -1;
const UNASKED = 0;

class EventClock {
  #date: number = OUTSIDE;
  /** Events that have begun. */
  events = 0;

  /** Date in ms. While an event is handled it is that at which it was first asked for. */
  readonly now = (): number => {
    if (this.#date > UNASKED) return this.#date;
    const date = Date.now();
    if (this.#date === UNASKED) this.#date = date;
    return date;
  };

  /** An event is about to be handled. */
  begin(): void {
    this.#date = UNASKED;
    this.events++;
  }

  /** It has been. */
  end(): void {
    this.#date = OUTSIDE;
  }
}

/**
 * The clock of a thread that carries traffic. A request looks at it a dozen times within some microseconds, and the system takes its time to
 * answer: drivers say when an event begins and ends, and in between it is asked once.
 */
export const eventClock: EventClock = new EventClock();
