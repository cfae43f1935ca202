/**
 * What a terminal or a log might take for more than text: control characters (C0, DEL, C1), line and paragraph separators, characters
 * that turn the direction of writing or have no width, halves of surrogate pairs; and the backslash, which begins what stands for them.
 */
const UNSAFE =
  /[\\\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A text of others as it may be shown within a line: what could forge a line or steer a terminal is written as `\n`, `\x1b`, `\u202e`. */
export function shown(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\\') return '\\\\';
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** JSON on one line, whatever reads it: what JSON itself leaves as it is and could be taken for a line's end or steer a terminal is escaped. */
export function shownJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    character === '\\' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
