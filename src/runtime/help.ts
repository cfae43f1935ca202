import type { Command, Registry } from './registry.ts';

/** Words of a command that take part in matching. */
const PREFIX_WORDS = 5;
/** Candidates proposed for an unknown command. */
const MAX_MATCHES = 5;
const USAGE_WIDTH = 40;

const ALWAYS = [
  '  help [<command>]                        : list matching or all commands',
  '  prompt [help | n | i | p | timed ]*     : toggle interactive mode with prompt',
  '  quit                                    : disconnect',
  '',
].join('\n');

/** Who asks: decides which commands are visible. */
export interface Viewer {
  readonly where: 'worker' | 'master';
  readonly expert: boolean;
  readonly experimental: boolean;
}

/** The answer to `help [words]`. */
export function helpText(registry: Registry, viewer: Viewer, words: readonly string[]): string {
  return 'The following commands are valid at this level:\n' + listing(registry, viewer, words);
}

/** The answer to a command that does not exist: the entries nearest to it. */
export function unknownText(registry: Registry, viewer: Viewer, words: readonly string[]): string {
  return (
    `Unknown command: '${words[0] ?? ''}', but maybe one of the following ones is a better match:\n` +
    listing(registry, viewer, words)
  );
}

function listing(registry: Registry, viewer: Viewer, words: readonly string[]): string {
  const visible = registry.commands
    .filter((command) => isVisible(command, viewer))
    .map((command) => ({ command, words: command.words.split(' ') }));
  const matching = Math.max(0, ...visible.map((row) => commonWords(row.words, words)));
  const sameStart = visible.filter(
    (row) =>
      row.command.help !== null &&
      commonWords(row.words, words.slice(0, matching)) >= Math.min(matching, row.words.length),
  );
  const near = words.length > matching ? nearest(sameStart, words, matching) : [];
  const chosen = (near.length > 0 ? near : sameStart).map((row) => usageLine(row.command));
  return [...chosen.sort(byBytes), ALWAYS].join('\n');
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isVisible(command: Command, viewer: Viewer): boolean {
  if (command.where !== 'both' && command.where !== viewer.where) return false;
  if (command.mode === 'expert') return viewer.expert;
  return command.mode === 'experimental' ? viewer.experimental : true;
}

/** How many words at the start are the same. */
function commonWords(a: readonly string[], b: readonly string[]): number {
  let n = 0;
  while (n < PREFIX_WORDS && n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

/** `  usage : help`, the usage padded to 40 columns. */
function usageLine(command: Command): string {
  const usage = command.args === '' ? command.words : `${command.words} ${command.args}`;
  return `  ${usage.padEnd(USAGE_WIDTH)}: ${command.help ?? ''}`;
}

interface Row {
  readonly command: Command;
  readonly words: readonly string[];
}

/** The entries whose remaining words look most like those typed, by the transitions between their letters. */
function nearest(rows: readonly Row[], words: readonly string[], from: number): Row[] {
  const typed = fingerprint(words.slice(from, PREFIX_WORDS));
  const matches: { row: Row; distance: number }[] = [];
  for (const row of rows) {
    // Guesses are HAProxy's: they know its commands only.
    if (row.words.length < from || row.command.own) continue;
    const own = fingerprint(row.words.slice(from, PREFIX_WORDS));
    const distance = distanceOf(typed.transitions, own.transitions);
    if (distance < (5 * (typed.letters + own.letters)) / 2) matches.push({ row, distance });
  }
  matches.sort((a, b) => a.distance - b.distance);
  const best = matches[0]?.distance ?? 0;
  return matches
    .slice(0, MAX_MATCHES)
    .filter((match) => match.distance <= (5 * best) / 2)
    .map((match) => match.row);
}

/** Counts of each pair of neighbouring letters (32 x 32: letters, a digit, anything else), and the number of letters. */
function fingerprint(words: readonly string[]): { readonly transitions: Uint8Array; readonly letters: number } {
  const transitions = new Uint8Array(1024);
  let letters = 0;
  for (const word of words) {
    let from = 28;
    for (const c of word.toLowerCase()) {
      const to = c >= 'a' && c <= 'z' ? c.charCodeAt(0) - 96 : c >= '0' && c <= '9' ? 27 : 28;
      transitions[32 * from + to]!++;
      from = to;
    }
    transitions[32 * from + 28]!++;
    letters += word.length;
  }
  return { transitions, letters };
}

function distanceOf(a: Uint8Array, b: Uint8Array): number {
  let distance = 0;
  for (let i = 0; i < a.length; i++) distance += Math.abs(a[i]! - b[i]!);
  return distance;
}
