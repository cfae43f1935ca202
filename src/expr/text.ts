/** Letter case of bytes in latin1 strings: only ASCII letters have one. */

/** Texts up to this length are looked at char by char: most have nothing to be changed. */
const SHORT = 64;

/** Lower case of ASCII letters. */
export function asciiLower(text: string): string {
  if (text.length <= SHORT && !hasUpper(text)) return text;
  // The built-in function is the fastest, and right unless there are letters above 127.
  if (!/[\xc0-\xde]/.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
}

function hasUpper(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return true;
  }
  return false;
}

/** Upper case of ASCII letters. */
export function asciiUpper(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text.toUpperCase();
  return text.replace(/[a-z]+/g, (run) => run.toUpperCase());
}
