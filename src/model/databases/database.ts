import { Reader, type Response } from 'mmdb-lib';
import type { AddressDatabase } from '../../expr/row.ts';

/** A MaxMind DB file, in memory that all threads share. */
export interface DatabaseView {
  /** Path that it was read from. */
  readonly path: string;
  readonly content: SharedArrayBuffer;
}

/** Values that one record may consist of, and bytes of one text: files that say more are damaged. */
const MOST_VALUES = 4096;
const LONGEST_TEXT = 65_536;
/** Records whose values are kept. */
const KEPT = 4096;

/** What the library asks of a cache. */
type Cache = NonNullable<NonNullable<ConstructorParameters<typeof Reader>[1]>['cache']>;

/** Zeros between the search tree and the data, and what is in front of the description at the end: MaxMind DB format 2.0. */
const SEPARATOR = 16;
const METADATA = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');

const TEXT = 2;
const BYTES = 4;
const MAP = 7;
const ARRAY = 11;

/** What of the library's decoder is given limits here: it has none of its own. */
interface Decoder {
  decode(offset: number): unknown;
  decodeByType(type: number, offset: number, size: number): unknown;
}

/** A MaxMind DB file that can be looked up, and replaced by another edition while it is in use. */
export class Database implements AddressDatabase {
  #view: DatabaseView;
  #reader: Reader<Response>;
  #kept = new Map<number | string, unknown>();
  /** Values that the record being decoded may still have. */
  #left = 0;

  /** Throws when the content is no database. */
  constructor(view: DatabaseView) {
    this.#view = view;
    this.#reader = this.#open(view);
  }

  get view(): DatabaseView {
    return this.#view;
  }

  /** Takes another edition; throws, and keeps the one that it has, when that is no database. */
  use(view: DatabaseView): void {
    const kept = this.#kept;
    this.#kept = new Map();
    try {
      this.#reader = this.#open(view);
      this.#view = view;
    } catch (error) {
      this.#kept = kept;
      throw error;
    }
  }

  /** What kind of database it says it is, how many nodes its tree has, when it was built (seconds). */
  get about(): { readonly type: string; readonly nodes: number; readonly built: number } {
    const { databaseType, nodeCount, buildEpoch } = this.#reader.metadata;
    return { type: String(databaseType), nodes: nodeCount, built: Math.floor(Number(buildEpoch) / 1000) };
  }

  lookup(address: string): unknown {
    this.#left = MOST_VALUES;
    try {
      return this.#reader.get(address);
    } catch {
      return null; // a damaged record, or an address of a family that the file has not
    }
  }

  #open({ content }: DatabaseView): Reader<Response> {
    const bytes = Buffer.from(content);
    this.#left = MOST_VALUES;
    const reader = new Reader<Response>(bytes, { cache: this.#cache() });
    const { nodeCount, searchTreeSize, ipVersion } = reader.metadata;
    const dataEnd = bytes.lastIndexOf(METADATA);
    const separator = bytes.subarray(searchTreeSize, searchTreeSize + SEPARATOR);
    if (!(nodeCount > 0) || !(searchTreeSize + SEPARATOR <= dataEnd) || (ipVersion !== 4 && ipVersion !== 6))
      throw new RangeError('its search tree is damaged');
    if (separator.some((byte) => byte !== 0)) throw new RangeError('its search tree does not end where it says');
    this.#limit(reader as unknown as { readonly decoder: Decoder });
    return reader;
  }

  #limit({ decoder }: { readonly decoder: Decoder }): void {
    const decode = decoder.decode.bind(decoder);
    const decodeByType = decoder.decodeByType.bind(decoder);
    decoder.decode = (offset) => {
      if (this.#left-- <= 0) throw new RangeError('a record is too large');
      return decode(offset);
    };
    decoder.decodeByType = (type, offset, size) => {
      const most = type === TEXT || type === BYTES ? LONGEST_TEXT : type === MAP || type === ARRAY ? this.#left : size;
      if (size > most) throw new RangeError('a value is too large');
      return decodeByType(type, offset, size);
    };
  }

  #cache(): Cache {
    const kept = this.#kept;
    return {
      get: (key) => kept.get(key),
      set: (key, value) => {
        if (kept.size >= KEPT) kept.clear();
        kept.set(key, value);
      },
    };
  }
}
