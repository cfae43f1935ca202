/**
 * Splits a line at blanks that no backslash stands before, as dumps write names and keys (`hello\ world`).
 */
function splitWords(line: string): string[] {
  if (!line.includes('\\')) return line.split(' ').filter((word) => word !== '');
  return line.match(/(?:\\.|[^ \\])+/gs) ?? [];
}

/** The characters that dumps write behind a backslash, other than as themselves. */
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', e: '\x1b', 0: '\0' };

/** Undoes the escapes of a dump: `\ `, `\\`, `\=`, `\n`, `\xHH`. */
export function unescapeWord(word: string): string {
  if (!word.includes('\\')) return word;
  return word.replace(/\\(?:x([0-9A-Fa-f]{2})|(.))/gs, (_, hex?: string, plain?: string) =>
    hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (escapes[plain!] ?? plain!),
  );
}

/** `name=value` words of a line as pairs; other words are left out. */
export function keyValues(line: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (const word of splitWords(line)) {
    const equals = word.indexOf('=');
    if (equals > 0) pairs.push([word.slice(0, equals), word.slice(equals + 1)]);
  }
  return pairs;
}
