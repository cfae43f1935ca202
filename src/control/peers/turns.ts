/** Longest time that one turn may take, ms. */
const TURN_MS = 3;

/** Work that is done in turns: `turn` returns whether there is more to do. */
export interface Worker {
  turn(deadline: number): boolean;
}

const waiting = new Set<Worker>();
let running = false;

/** Gives a worker a turn, and further ones as long as it has more to do; one worker in one turn of the event loop. */
export function takeTurns(worker: Worker): void {
  waiting.add(worker);
  if (running) return;
  running = true;
  setImmediate(runNext);
}

/** The worker has nothing to do any more. */
export function leaveTurns(worker: Worker): void {
  waiting.delete(worker);
}

function runNext(): void {
  const [worker] = waiting;
  if (worker !== undefined) {
    waiting.delete(worker);
    if (worker.turn(performance.now() + TURN_MS)) waiting.add(worker);
  }
  if (waiting.size > 0) setImmediate(runNext);
  else running = false;
}
