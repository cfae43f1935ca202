import type { Ring } from '../types.ts';
import type { LogFormat } from './format.ts';

/** What the section, or the built-in ring, says. Sizes in bytes. */
export interface RingSettings {
  readonly description: string;
  readonly format: LogFormat;
  readonly maxLength: number;
  readonly size: number;
}

/** Bytes that a stored line takes besides its own: length and marker, as in HAProxy's rings. */
const LINE_OVERHEAD = 2;

/** Reads a ring from a place of its own on (a connection to a log server). */
export interface RingReader {
  /** The next line, or null when it has read all. */
  next(): string | null;
  /** While held, lines that it has not read are not overwritten: new ones are dropped instead. */
  hold(held: boolean): void;
  close(): void;
}

/** A ring in memory: the last lines that fit into `size` bytes. */
export class MemoryRing implements Ring {
  readonly name: string;
  readonly type = 'buffer';
  dropped = 0;
  #settings: RingSettings;
  #lines: string[] = [];
  /** Index of the oldest line in `#lines`, and its number since the ring was made. */
  #head = 0;
  #first = 0;
  #bytes = 0;
  /** Dropped since the last line that was kept. */
  #unannounced = 0;
  readonly #listeners = new Set<(line: string) => void>();
  readonly #readers = new Set<{ at: number; held: boolean }>();

  constructor(name: string, settings: RingSettings) {
    this.name = name;
    this.#settings = settings;
  }

  get description(): string {
    return this.#settings.description;
  }

  get format(): LogFormat {
    return this.#settings.format;
  }

  get maxLength(): number {
    return this.#settings.maxLength;
  }

  /** Takes other settings (a reload); lines are kept as far as they fit. */
  configure(settings: RingSettings): void {
    this.#settings = settings;
    this.#makeRoom(0);
  }

  lines(): string[] {
    return this.#lines.slice(this.#head);
  }

  follow(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(line: string): void {
    if (!this.#makeRoom(line.length + LINE_OVERHEAD)) {
      this.dropped++;
      this.#unannounced++;
      return;
    }
    if (this.#unannounced > 0) {
      const notice = `${this.#unannounced} event${this.#unannounced > 1 ? 's' : ''} dropped`;
      if (this.#makeRoom(line.length + notice.length + 2 * LINE_OVERHEAD)) {
        this.#unannounced = 0;
        this.#keep(notice);
      }
    }
    this.#keep(line);
  }

  /** A reader that starts at the oldest line. */
  reader(): RingReader {
    const cursor = { at: this.#first, held: false };
    this.#readers.add(cursor);
    return {
      next: () => {
        if (cursor.at < this.#first) cursor.at = this.#first;
        return this.#lines[this.#head + cursor.at - this.#first] === undefined
          ? null
          : this.#lines[this.#head + cursor.at++ - this.#first]!;
      },
      hold: (held) => {
        cursor.held = held;
      },
      close: () => this.#readers.delete(cursor),
    };
  }

  #keep(line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length + LINE_OVERHEAD;
    for (const listener of this.#listeners) listener(line);
  }

  /** Overwrites the oldest lines until `bytes` more fit. False when they cannot. */
  #makeRoom(bytes: number): boolean {
    const { size } = this.#settings;
    if (bytes > size) return false;
    let oldestHeld = Number.POSITIVE_INFINITY;
    for (const { at, held } of this.#readers) if (held && at < oldestHeld) oldestHeld = at;
    while (this.#bytes + bytes > size) {
      if (this.#first >= oldestHeld) return false;
      this.#bytes -= this.#lines[this.#head]!.length + LINE_OVERHEAD;
      this.#lines[this.#head] = '';
      this.#head++;
      this.#first++;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
    return true;
  }
}
