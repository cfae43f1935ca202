/** A command that is often typed wrong, and what to type instead. */
export interface Mistake {
  /** The wrong form, for the page that lists them. */
  readonly wrong: string;
  /** Tells the right form for `words`, or null when they are not this mistake. */
  readonly hint: (words: readonly string[]) => string | null;
}

const DURATION = /^\d+(us|ms|s|m|h|d)?$/;

/** A mistake in the first words: the rest is kept. */
function startsWith(wrong: string, right: (rest: string[]) => string): Mistake {
  const start = wrong.split(' ').filter((word) => !word.startsWith('<'));
  return {
    wrong,
    hint: (words) =>
      start.every((word, i) => words[i] === word) ? `Did you mean: ${right(words.slice(start.length))}` : null,
  };
}

/** In the order in which they are tried. */
export const MISTAKES: readonly Mistake[] = [
  {
    wrong: 'set timeout <delay>',
    hint: (words) =>
      words[0] === 'set' && words[1] === 'timeout' && DURATION.test(words[2] ?? '')
        ? `Did you mean: set timeout cli ${words[2]}`
        : null,
  },
  startsWith('disable backend <backend>', ([backend]) => `unpublish backend ${backend ?? '<backend>'}`),
  startsWith('enable backend <backend>', ([backend]) => `publish backend ${backend ?? '<backend>'}`),
  startsWith(
    'shutdown server <backend>/<server>',
    ([server]) => `shutdown sessions server ${server ?? '<backend>/<server>'}`,
  ),
  startsWith(
    'drain server <backend>/<server>',
    ([server]) => `set server ${server ?? '<backend>/<server>'} state drain`,
  ),
  startsWith('drain <backend>/<server>', ([server]) => `set server ${server ?? '<backend>/<server>'} state drain`),
  startsWith('show stats', () => 'show stat'),
  startsWith('show status', () => 'show stat'),
  startsWith('show server state', (rest) => ['show servers state', ...rest].join(' ')),
  startsWith('show servers', () => 'show servers state'),
  startsWith('show server', () => 'show servers state'),
  startsWith('show session', (rest) => ['show sess', ...rest].join(' ')),
  startsWith('show sessions', (rest) => ['show sess', ...rest].join(' ')),
  startsWith('show backends', () => 'show backend'),
  startsWith('show weight', ([server]) => `get weight ${server ?? '<backend>/<server>'}`),
  startsWith('kill session', ([id]) => `shutdown session ${id ?? '<id>'}`),
  startsWith('clear counter', (rest) => ['clear counters', ...rest].join(' ')),
  startsWith('reset counters', () => 'clear counters all'),
  startsWith('exit', () => 'quit'),
];

/** The right form of a command that is often typed wrong, or null. */
export function hintFor(words: readonly string[]): string | null {
  for (const mistake of MISTAKES) {
    const hint = mistake.hint(words);
    if (hint !== null) return hint;
  }
  return null;
}
