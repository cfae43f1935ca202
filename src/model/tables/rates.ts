/*
 * Rates of events as HAProxy counts them: over a period that slides from one period counted whole to the next. Three words: the time at
 * which the period began (ms of the table, the lowest 32 bits), events in it, events in the one before.
 */

/** A clock may be put back by so much, ms, without what was counted being taken for something of long ago. */
const PUT_BACK = 60_000;

/** Adds `n` events at `at`. */
export function addToRate(words: Int32Array, at: number, now: number, period: number, n: number): void {
  const elapsed = (now - words[at]!) | 0;
  if (elapsed >= period || elapsed < -PUT_BACK) {
    // After more than one period without events nothing is left of the one before.
    const follows = elapsed >= period && elapsed - period < period;
    words[at + 2] = follows ? words[at + 1]! : 0;
    words[at + 1] = 0;
    words[at] = follows ? (words[at]! + period) | 0 : now | 0;
  }
  words[at + 1] = (words[at + 1]! + n) | 0;
}

/** Events in the period that ends now: those of the present one, and the part of the one before that it does not cover yet. */
export function rateOf(words: Int32Array, at: number, now: number, period: number): number {
  const elapsed = (now - words[at]!) | 0;
  if (elapsed < -PUT_BACK) return 0;
  let current = words[at + 1]! >>> 0;
  let past = words[at + 2]! >>> 0;
  let left = period - Math.max(0, elapsed);
  if (left < 0) {
    left += period;
    past = left >= 0 ? current : 0;
    current = 0;
  }
  // A single event of long ago does not fade: it counts until its time is over.
  if (current === 0 && past <= 1) return past;
  return Math.floor((past * left + current * period) / period);
}

/**
 * Events that may come now when there are to be `limit` in a period at most, spread evenly over it: those of the time so far and of the
 * next `ahead` ms, and up to `carry` of those that the period before was short of, or less those it had too many of; nor are there more
 * than `limit` and `carry` in any period. Negative when there were too many.
 */
export function spareOf(
  words: Int32Array,
  at: number,
  now: number,
  period: number,
  limit: number,
  ahead: number,
  carry: number,
): number {
  let elapsed = (now - words[at]!) | 0;
  let current = words[at + 1]! >>> 0;
  let past = words[at + 2]! >>> 0;
  if (elapsed >= 2 * period || elapsed < -PUT_BACK) {
    elapsed = 0;
    past = 0;
    current = 0;
  } else if (elapsed >= period) {
    elapsed -= period;
    past = current;
    current = 0;
  }
  elapsed = Math.max(0, elapsed);
  const made = past === 0 ? 0 : Math.min(carry, limit - past);
  const even = (limit * Math.min(period, elapsed + ahead)) / period + made - current;
  const sliding = limit - current - (past * (period - elapsed)) / period;
  return Math.min(even, sliding + carry);
}
