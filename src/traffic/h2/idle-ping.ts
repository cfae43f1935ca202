import type { Timed, TimerWheel } from '../timer.ts';
import type { H2Output } from './output.ts';

/**
 * Asks the peer of an idle connection from time to time whether it is still there (HAProxy manual, `idle-ping`). One that has not answered
 * by the next time is gone.
 */
export class IdlePing implements Timed {
  expires = 0;
  timerSlot = -1;
  timerNext: Timed | null = null;
  timerPrev: Timed | null = null;
  readonly #wheel: TimerWheel;
  readonly #output: H2Output;
  readonly #interval: number;
  readonly #gone: () => void;
  #asked = false;

  /** `interval`: ms. `gone` is called when the peer has not answered. */
  constructor(wheel: TimerWheel, output: H2Output, interval: number, gone: () => void) {
    this.#wheel = wheel;
    this.#output = output;
    this.#interval = interval;
    this.#gone = gone;
  }

  /** The connection is idle from now on. */
  start(now: number): void {
    this.#asked = false;
    this.#wheel.arm(this, now + this.#interval);
  }

  /** It is not any more. */
  stop(): void {
    this.#wheel.disarm(this);
  }

  /** The peer has answered. */
  answered(): void {
    this.#asked = false;
  }

  onTimeout(now: number): void {
    if (this.#asked) {
      this.#gone();
      return;
    }
    this.#asked = true;
    this.#output.ping();
    this.#wheel.arm(this, now + this.#interval);
  }
}
