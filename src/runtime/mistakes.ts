/** A command that is often typed wrong, and what to type instead. */
export interface Mistake {
  readonly wrong: string;
  readonly right: string;
  /** What the page says of it. */
  readonly why: string;
  /** The right form for these words, or null when they are not this mistake. */
  readonly correct: (words: readonly string[]) => string | null;
}

const DURATION = /^\d+(us|ms|s|m|h|d)?$/;

/** A mistake in the first words: the rest stays as it is. */
function instead(wrong: string, right: string, why: string): Mistake {
  const [typed, meant] = [fixedWords(wrong), fixedWords(right)];
  return {
    wrong,
    right,
    why,
    correct(words) {
      if (!typed.every((word, i) => words[i] === word)) return null;
      const rest = words.slice(typed.length);
      const blanks = right.split(' ').slice(meant.length);
      // `<name>` in the right form takes the word that was typed for it.
      return [
        ...meant,
        ...blanks.map((blank) => (blank.startsWith('<') ? (rest.shift() ?? blank) : blank)),
        ...rest,
      ].join(' ');
    },
  };
}

/** The words of a form before its first argument. */
function fixedWords(form: string): string[] {
  const words = form.split(' ');
  const end = words.findIndex((word) => word.startsWith('<'));
  return end === -1 ? words : words.slice(0, end);
}

/** In the order in which they are tried. */
export const MISTAKES: readonly Mistake[] = [
  {
    wrong: 'set timeout 1d',
    right: 'set timeout cli 1d',
    why: 'The timeout has a name: that of the connection to the Runtime API.',
    correct: (words) =>
      words[0] === 'set' && words[1] === 'timeout' && DURATION.test(words[2] ?? '')
        ? `set timeout cli ${words[2]}`
        : null,
  },
  {
    wrong: 'set table <table> key <key> conn_rate 5',
    right: 'set table <table> key <key> data.conn_rate 5',
    why: 'Counters of a stick table are named with `data.` in front, and without their period.',
    correct(words) {
      const [first, second, , key] = words;
      if (first !== 'set' || second !== 'table' || key !== 'key' || words.length < 7) return null;
      const right = words.map((word, i) =>
        i >= 5 && i % 2 === 1 ? `data.${word.replace(/^data\./, '').replace(/\(.*\)$/, '')}` : word,
      );
      return right.every((word, i) => word === words[i]) ? null : right.join(' ');
    },
  },
  instead(
    'disable backend <backend>',
    'unpublish backend <backend>',
    'A backend has no switch of its own. Unpublished, content switching skips it; to stop its servers, put them into maintenance.',
  ),
  instead('enable backend <backend>', 'publish backend <backend>', 'The other way round.'),
  instead(
    'shutdown server <backend>/<server>',
    'shutdown sessions server <backend>/<server>',
    'This ends its sessions; `set server ... state maint` keeps new ones away.',
  ),
  instead(
    'drain server <backend>/<server>',
    'set server <backend>/<server> state drain',
    'States are set with `set server`.',
  ),
  instead('drain <backend>/<server>', 'set server <backend>/<server> state drain', 'States are set with `set server`.'),
  instead('show stats', 'show stat', 'In the singular.'),
  instead('show status', 'show stat', 'It has the status of everything.'),
  instead('show servers', 'show servers state', 'It needs to know what of the servers: `state` or `conn`.'),
  instead('show server state', 'show servers state', 'In the plural.'),
  instead('show server', 'show servers state', 'In the plural, with what to show.'),
  instead('show sessions', 'show sess', 'Its short name is the only one.'),
  instead('show session', 'show sess', 'Its short name is the only one.'),
  instead('show backends', 'show backend', 'In the singular.'),
  instead('show weight <backend>/<server>', 'get weight <backend>/<server>', 'Single values are got.'),
  instead('kill session <id>', 'shutdown session <id>', 'Sessions are shut down.'),
  instead('clear counter', 'clear counters', 'In the plural.'),
  instead('reset counters', 'clear counters all', 'Without `all` only the maxima are cleared.'),
  instead('exit', 'quit', 'Or close the connection.'),
];

/** `Did you mean: ...` for a command that is often typed wrong, or null. */
export function hintFor(words: readonly string[]): string | null {
  for (const mistake of MISTAKES) {
    const right = mistake.correct(words);
    if (right !== null) return `Did you mean: ${right}`;
  }
  return null;
}
