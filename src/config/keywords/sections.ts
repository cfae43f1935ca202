/** Where proxy keywords may be used, in the letters of the manual's matrix. */

const LETTERS: Readonly<Record<string, string>> = { D: 'defaults', F: 'frontend', L: 'listen', B: 'backend' };

/** `DFLB` -> defaults, frontend, listen, backend. */
export function inSections(letters: string): string[] {
  return letters.split('').map((letter) => LETTERS[letter]!);
}
