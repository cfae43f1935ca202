/**
 * The thread's output buffer. Fill it from 0 and hand it to `Conn.flushScratch`; ask for it anew each time, since it is replaced
 * when a driver could not get rid of it at once.
 */
export const scratchSize = 65536;

let current = Buffer.allocUnsafeSlow(scratchSize);

export function scratchBuffer(): Buffer {
  return current;
}

/** The driver still refers to the present one. */
export function replaceScratch(): void {
  current = Buffer.allocUnsafeSlow(scratchSize);
}
