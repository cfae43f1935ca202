import { closeDescriptor, endConnection } from '../../util/libc.ts';

/*
 * The descriptors that a traffic thread holds outside of Node's handles, one bit each in memory that it shares with the control thread.
 * A worker that ends, however it ends, takes Node's handles with it but leaves bare descriptors open: whoever started it closes these.
 */

/** Descriptors from here on are not noted: a process has hardly so many. */
const LIMIT = 1 << 20;

/** The descriptors of one thread. */
export class DescriptorSet {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(LIMIT / 8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  add(fd: number): void {
    if (fd < LIMIT) this.#words[fd >> 5]! |= 1 << (fd & 31);
  }

  delete(fd: number): void {
    if (fd < LIMIT) this.#words[fd >> 5]! &= ~(1 << (fd & 31));
  }

  /** Ends and closes them all: once their thread has ended. Returns how many there were. */
  closeAll(): number {
    let count = 0;
    for (let word = 0; word < this.#words.length; word++) {
      for (let bits = this.#words[word]!; bits !== 0; bits &= bits - 1) {
        const fd = word * 32 + 31 - Math.clz32(bits & -bits);
        // A request that the kernel still has holds the connection open beyond the close.
        endConnection(fd);
        closeDescriptor(fd);
        count++;
      }
      this.#words[word] = 0;
    }
    return count;
  }
}
