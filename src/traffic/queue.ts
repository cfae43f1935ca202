import { C } from '../model/counters.ts';
import type { Stream } from './stream.ts';

/**
 * Streams that wait for a place on a server, by priority class, then by date of entry shifted by the priority offset
 * (`set-priority-class`, `set-priority-offset`). A doubly linked list: most streams go to its end.
 */
export class StreamQueue {
  /** Counter row in which other threads see the rank of the head; null where there are none. */
  row: Float64Array | null = null;
  head: Stream | null = null;
  tail: Stream | null = null;
  length = 0;

  push(stream: Stream): void {
    let before = this.tail;
    while (before !== null && rankOf(stream) < rankOf(before)) before = before.queuePrev;
    stream.queue = this;
    stream.queuePrev = before;
    if (before === null) {
      stream.queueNext = this.head;
      this.head = stream;
    } else {
      stream.queueNext = before.queueNext;
      before.queueNext = stream;
    }
    if (stream.queueNext === null) this.tail = stream;
    else stream.queueNext.queuePrev = stream;
    this.length++;
    this.#publish();
  }

  remove(stream: Stream): void {
    if (stream.queuePrev === null) this.head = stream.queueNext;
    else stream.queuePrev.queueNext = stream.queueNext;
    if (stream.queueNext === null) this.tail = stream.queuePrev;
    else stream.queueNext.queuePrev = stream.queuePrev;
    stream.queue = null;
    stream.queueNext = null;
    stream.queuePrev = null;
    this.length--;
    this.#publish();
  }

  #publish(): void {
    if (this.row !== null) this.row[C.queueHead] = this.head === null ? 0 : rankOf(this.head);
  }
}

/** Classes and ranks: the class in the upper bits, the date of entry (shifted by the offset) in the lower ones. */
const CLASS = 2 ** 40;
const CLASSES = 2048;

/** Order in which waiting streams are served: the smallest first. Positive. */
export function rankOf(stream: Stream): number {
  return (stream.priorityClass + CLASSES) * CLASS + ((stream.queuedAt + stream.priorityOffset) % CLASS);
}
