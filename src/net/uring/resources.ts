import { closeDescriptor, type Mapping, unmapMemory } from '../../util/libc.ts';

/*
 * What a traffic thread holds outside of Node's handles, noted in memory that it shares with the control thread: descriptors, one bit each,
 * and mappings. A worker that ends, however it ends, takes Node's handles with it but leaves these; whoever started it gives them back. While
 * the mappings of a ring are there its requests are, too: a socket that it accepts from would go on waking a thread that is no more.
 */

/** Descriptors from here on are not noted: a process has hardly so many. */
const LIMIT = 1 << 20;
const MAPPINGS = 16;
/** Bytes before the bits: address and length of each mapping. */
const HEADER = MAPPINGS * 16;

/** Descriptors and mappings of one thread. */
export class ThreadResources {
  readonly memory: SharedArrayBuffer;
  readonly #mappings: BigUint64Array;
  readonly #bits: Int32Array;

  constructor(memory = new SharedArrayBuffer(HEADER + LIMIT / 8)) {
    this.memory = memory;
    this.#mappings = new BigUint64Array(memory, 0, MAPPINGS * 2);
    this.#bits = new Int32Array(memory, HEADER);
  }

  addDescriptor(fd: number): void {
    if (fd < LIMIT) this.#bits[fd >> 5]! |= 1 << (fd & 31);
  }

  deleteDescriptor(fd: number): void {
    if (fd < LIMIT) this.#bits[fd >> 5]! &= ~(1 << (fd & 31));
  }

  /** Notes a mapping of at most 16. */
  addMapping({ address, length }: Mapping): void {
    const at = this.#mappings.indexOf(0n);
    this.#mappings.set([address, BigInt(length)], at);
  }

  /** Gives all back: once the thread has ended. */
  release(): void {
    for (let i = 0; i < MAPPINGS * 2; i += 2) {
      const address = this.#mappings[i]!;
      if (address !== 0n) unmapMemory(address, Number(this.#mappings[i + 1]!));
    }
    this.#mappings.fill(0n);
    for (let word = 0; word < this.#bits.length; word++) {
      for (let bits = this.#bits[word]!; bits !== 0; bits &= bits - 1) {
        closeDescriptor(word * 32 + 31 - Math.clz32(bits & -bits));
      }
      this.#bits[word] = 0;
    }
  }
}
