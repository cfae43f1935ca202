import type { Change, ChangeKind } from './change.ts';

/** Why no file has what some kinds of Changes set. */
export const IN_MEMORY = {
  'server.health': 'what an operator said of a server lasts until its checks find otherwise',
  'server.agent': 'what an operator said in place of the agent lasts until it reports',
  'cert.jwt': 'no file says which certificates tokens may be checked with',
} as const satisfies Partial<Record<ChangeKind, string>>;

/** What operators are told before they set what no file can keep; nothing where one can. */
export function memoryOnly({ kind }: Change): readonly string[] {
  return Object.hasOwn(IN_MEMORY, kind) ? [memoryOnlyText(IN_MEMORY[kind as keyof typeof IN_MEMORY])] : [];
}

const FRONT = 'in memory only, gone with the process: ';

export function memoryOnlyText(why: string): string {
  return `${FRONT}${why}`;
}

/** Whether a warning says so. */
export function isMemoryOnly(warning: string): boolean {
  return warning.startsWith(FRONT);
}
