import { setFlagsFromString } from 'node:v8';

// Knows the flag `l`: matched without backtracking from the start on.
setFlagsFromString('--enable-experimental-regexp-engine');

/**
 * Texts longer than this are matched without backtracking. Up to here the other engine is faster, and takes no more than some 10 ms:
 * loops over single characters are not counted as backtracking there, and take a time that grows with the square of the length.
 */
const LONGEST_WITH_BACKTRACKING = 2048;

/** A regular expression that long texts cannot hold up. */
class SteadyRegExp extends RegExp {
  readonly #linear: RegExp;

  constructor(source: string, flags: string) {
    super(source, flags);
    this.#linear = new RegExp(source, `${flags}l`);
  }

  override exec(text: string): RegExpExecArray | null {
    if (text.length <= LONGEST_WITH_BACKTRACKING) return super.exec(text);
    this.#linear.lastIndex = this.lastIndex;
    const found = this.#linear.exec(text);
    this.lastIndex = this.#linear.lastIndex;
    return found;
  }
}

/** Compiles a JavaScript expression; one without unbounded repetitions needs no care. Throws as `RegExp` does. */
export function steadyRegExp(source: string, flags: string): RegExp {
  if (!/[*+]|,\}/.test(source)) return new RegExp(source, flags);
  const plain = new RegExp(source, flags);
  try {
    return new SteadyRegExp(source, flags);
  } catch {
    // What only the other engine knows.
    return plain;
  }
}
