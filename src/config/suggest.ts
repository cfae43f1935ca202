/** The known word nearest to a mistyped one, for `did you mean '...' maybe ?`. */

const EDGE = 28;

/**
 * A word's fingerprint: which characters it has, and how often each follows each.
 * Words that share most pairs are near each other, wherever the mistake is.
 */
function fingerprint(word: string): Map<number, number> {
  const print = new Map<number, number>();
  let from = EDGE;
  for (let i = 0; i < word.length; i++) {
    const to = characterClass(word.charCodeAt(i) | 0x20);
    print.set(to, 1);
    bump(print, 32 * (from + 1) + to);
    from = to;
  }
  bump(print, 32 * (from + 1) + EDGE);
  return print;
}

function bump(print: Map<number, number>, key: number): void {
  print.set(key, (print.get(key) ?? 0) + 1);
}

function characterClass(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x60;
  if (code >= 0x30 && code <= 0x39) return 27;
  return 29;
}

function distance(a: Map<number, number>, b: Map<number, number>): number {
  let sum = 0;
  for (const [key, count] of a) sum += (count - (b.get(key) ?? 0)) ** 2;
  for (const [key, count] of b) if (!a.has(key)) sum += count ** 2;
  return sum;
}

const NOTHING = fingerprint('');

/** Fingerprints of known words, which are few and asked for again with every mistake. */
const knownPrints = new Map<string, { readonly print: Map<number, number>; readonly size: number }>();

function printOf(known: string): { readonly print: Map<number, number>; readonly size: number } {
  let entry = knownPrints.get(known);
  if (entry === undefined) {
    const print = fingerprint(known);
    entry = { print, size: distance(print, NOTHING) };
    knownPrints.set(known, entry);
  }
  return entry;
}

/** The one of `known` nearest to `word`, or null when none is near enough to be meant. */
export function nearestWord(word: string, known: Iterable<string>): string | null {
  if (word.length > 128) return null;
  const wanted = fingerprint(word);
  const size = distance(wanted, NOTHING);
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const { print, size: candidateSize } = printOf(candidate);
    const d = distance(wanted, print);
    if (d < bestDistance && d <= size && d <= candidateSize) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

/** `; did you mean 'x' maybe ?`, or an empty string when no known word is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const near = nearestWord(word, known);
  return near === null ? '' : `; did you mean '${near}' maybe ?`;
}
