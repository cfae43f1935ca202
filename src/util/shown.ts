/**
 * What a terminal or a log might take for more than text: control characters (C0, DEL, C1), line and paragraph separators, characters
 * that turn the direction of writing or are not seen (Cf, and those reserved among them), halves of surrogate pairs; and the backslash,
 * which begins what stands for them.
 */
const UNSAFE = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u2060-\u206f]/gu;

/** A text of others as it may be shown within a line: what could forge a line or steer a terminal is written as `\n`, `\x1b`, `\u202e`, `\u{e0041}`. */
export function shown(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\\') return '\\\\';
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    const code = character.codePointAt(0)!;
    const hex = code.toString(16);
    if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
  });
}

/** JSON on one line, whatever reads it: what JSON itself leaves as it is and could be taken for a line's end or steer a terminal is escaped. */
export function shownJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (characters) =>
    characters === '\\'
      ? characters
      : Array.from({ length: characters.length }, (_, i) => unit(characters, i)).join(''),
  );
}

function unit(text: string, at: number): string {
  return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
}
