/** Converters on text (HAProxy manual, section 7.3.1). */

import type { ConverterRow } from '../row.ts';

/** Lower case of ASCII letters only: bytes above 127 stay as they are. */
export function asciiLower(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : text;
}

/** Upper case of ASCII letters only. */
export function asciiUpper(text: string): string {
  return /[a-z]/.test(text) ? text.replace(/[a-z]+/g, (run) => run.toUpperCase()) : text;
}

export const stringConverters: readonly ConverterRow[] = [
  { name: 'lower', args: '', in: 'str', out: 'str', compile: () => (text) => asciiLower(text as string) },
  { name: 'upper', args: '', in: 'str', out: 'str', compile: () => (text) => asciiUpper(text as string) },
  { name: 'length', args: '', in: 'str', out: 'sint', compile: () => (text) => (text as string).length },
];
