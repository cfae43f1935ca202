import type { Stream } from './stream.ts';

/**
 * Streams that wait for a place on a server, by priority class, then by date of entry shifted by the priority offset
 * (`set-priority-class`, `set-priority-offset`). A doubly linked list: most streams go to its end.
 */
export class StreamQueue {
  head: Stream | null = null;
  tail: Stream | null = null;
  length = 0;

  push(stream: Stream): void {
    let before = this.tail;
    while (before !== null && comesFirst(stream, before)) before = before.queuePrev;
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
  }
}

/** True when `a` is to be served before `b`. */
export function comesFirst(a: Stream, b: Stream): boolean {
  if (a.priorityClass !== b.priorityClass) return a.priorityClass < b.priorityClass;
  return a.queuedAt + a.priorityOffset < b.queuedAt + b.priorityOffset;
}
