import { DICTIONARY_SIZE } from './codec/update.ts';

/** Numbers for texts that are sent: of as many as a peer keeps, the oldest gives its number to a new one. */
export class SentTexts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #next = 0;

  /** The texts by number, from 0. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** The number of a text, from 1, and whether the peer has yet to be told which text it is. */
  numberOf(text: string): { readonly number: number; readonly isNew: boolean } {
    const known = this.#numbers.get(text);
    if (known !== undefined) return { number: known, isNew: false };
    const at = this.#next;
    this.#next = (at + 1) % DICTIONARY_SIZE;
    if (at < this.#texts.length) this.#numbers.delete(this.#texts[at]!);
    this.#texts[at] = text;
    this.#numbers.set(text, at + 1);
    return { number: at + 1, isNew: true };
  }

  clear(): void {
    this.#numbers.clear();
    this.#texts.length = 0;
    this.#next = 0;
  }
}

/** Texts that were received, by number. */
export class ReceivedTexts {
  readonly #texts: (string | null)[] = new Array<string | null>(DICTIONARY_SIZE).fill(null);

  /** The texts by number, from 0; null where none is known. */
  get texts(): readonly (string | null)[] {
    return this.#texts;
  }

  /** The text of a number from 1 to DICTIONARY_SIZE, which `text` is from now on unless it is null. */
  textOf(number: number, text: string | null): string | null {
    if (text !== null) this.#texts[number - 1] = text;
    return this.#texts[number - 1] ?? null;
  }

  clear(): void {
    this.#texts.fill(null);
  }
}
