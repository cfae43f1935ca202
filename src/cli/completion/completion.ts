/** `sluice completion SHELL`: what a shell needs to complete command lines; `sluice complete WORDS...`: what it asks then. */
import { openTarget } from '../../ops/open-target.ts';
import type { TargetState } from '../../ops/state.ts';
import { UsageError } from '../usage-error.ts';
import { type Asked, candidates } from './candidates.ts';
import { SCRIPTS } from './scripts.ts';

/** Somebody waits at a prompt, ms. */
const PATIENCE = 1000;
/** Exit status that asks the shell to offer files. */
const FILES = 3;

export function completion([shell, ...more]: readonly string[]): number {
  if (shell === undefined || more.length > 0 || !Object.hasOwn(SCRIPTS, shell))
    throw new UsageError(`usage: sluice completion ${Object.keys(SCRIPTS).join('|')}`);
  process.stdout.write(SCRIPTS[shell]!);
  return 0;
}

/** Prints the candidates for the last word, one a line. Never complains: who completes a line has not finished it. */
export async function complete(words: readonly string[], subCommands: readonly string[]): Promise<number> {
  const named = words.indexOf('--target');
  const target = named >= 0 && named + 2 < words.length ? words[named + 1]! : null;
  const found = await candidates(words, subCommands, (what) => namesOf(what, target));
  if (found === 'files') return FILES;
  // A name from elsewhere must not become two, nor something else.
  const plain = found.filter((word) => /^[\x21-\x7e]+$/.test(word));
  process.stdout.write(plain.map((word) => `${word}\n`).join(''));
  return 0;
}

async function namesOf(what: Asked, name: string | null): Promise<readonly string[]> {
  const patience = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE, null).unref());
  const state = await Promise.race([readState(name).catch(() => null), patience]);
  if (state === null) return [];
  if (what === 'frontends') return state.frontends.map((frontend) => frontend.name);
  if (what === 'backends') return state.backends.map((backend) => backend.name);
  return state.backends.flatMap(({ servers }) => servers.map(({ backend, name: server }) => `${backend}/${server}`));
}

async function readState(name: string | null): Promise<TargetState> {
  const target = await openTarget(name);
  try {
    return await target.state();
  } finally {
    await target.close();
  }
}
