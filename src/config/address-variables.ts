/** Environment variables in addresses, which count there without quotes, too: each parser of an address of HAProxy looks for them. */

import type { Environment } from './tokenizer.ts';

/** Index of the word that is an address, by the keyword of the line. */
const ADDRESS_AT: ReadonlyMap<string, number> = new Map([
  ...(['bind', 'dgram-bind', 'dispatch', 'log', 'source'] as const).map((keyword) => [keyword, 1] as const),
  ...(['mailer', 'nameserver', 'peer', 'server'] as const).map((keyword) => [keyword, 2] as const),
  ['server-template', 3],
]);

/** Options that an address follows, on lines of these keywords. */
const ADDRESS_OPTIONS: ReadonlySet<string> = new Set(['addr', 'socks4', 'source', 'usesrc']);
const WITH_OPTIONS: ReadonlySet<string> = new Set([
  ...['server', 'server-template', 'default-server', 'source', 'tcp-check', 'http-check'],
]);

/** Whether the word at `index` of a line is an address. */
function isAddress(words: readonly string[], index: number): boolean {
  const [keyword, second] = words;
  const at = keyword === 'stats' && second === 'socket' ? 2 : ADDRESS_AT.get(keyword!);
  return index === at || (WITH_OPTIONS.has(keyword!) && ADDRESS_OPTIONS.has(words[index - 1] ?? ''));
}

/** Whether the word at `index` of a line is an address with a variable in it. */
export function hasAddressVariable(words: readonly string[], index: number): boolean {
  return words[index]!.includes('$') && isAddress(words, index);
}

/** The words of a line, with the values of `$NAME` and `${NAME}` in those that are addresses; '' where one is not set. */
export function withAddresses(words: readonly string[], environment: Environment): readonly string[] {
  if (!words.some((word) => word.includes('$'))) return words;
  return words.map((word, index) => (isAddress(words, index) ? withVariables(word, environment) : word));
}

function withVariables(text: string, environment: Environment): string {
  return text.replace(
    /\$(?:\{(\w*)\}?|(\w*))/g,
    (_, braced?: string, bare?: string) => environment(braced ?? bare ?? '') ?? '',
  );
}
