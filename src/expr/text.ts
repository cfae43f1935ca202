/** Letter case of bytes in latin1 strings: only ASCII letters have one. */

/** Lower case of ASCII letters. */
export function asciiLower(text: string): string {
  // The built-in function is the fastest, and right unless there are letters above 127.
  if (!/[\xc0-\xde]/.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
}

/** Upper case of ASCII letters. */
export function asciiUpper(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text.toUpperCase();
  return text.replace(/[a-z]+/g, (run) => run.toUpperCase());
}
