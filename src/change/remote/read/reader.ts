import type { Change } from '../../change.ts';

export type Words = readonly string[];

/** Reads the words behind those that name a command; null when they are not of the form that a Change stands for. */
export type Reader = (args: Words, payload: string | null) => Change | readonly Change[] | null;

/** `be_app/app1` taken apart; null when it is not of that form. */
export function serverPath(path: string | undefined): { readonly backend: string; readonly server: string } | null {
  const slash = path?.indexOf('/') ?? -1;
  if (path === undefined || slash <= 0 || slash === path.length - 1) return null;
  return { backend: path.slice(0, slash), server: path.slice(slash + 1) };
}

/** A whole number from 0 on; null when the word is none. */
export function wholeNumber(word: string | undefined): number | null {
  return word !== undefined && /^\d{1,15}$/.test(word) ? Number(word) : null;
}

/** The word when it is one of these. */
export function oneOf<const W extends string>(word: string | undefined, words: readonly W[]): W | null {
  return words.find((one) => one === word) ?? null;
}
