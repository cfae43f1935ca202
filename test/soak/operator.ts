import { setTimeout as delay } from 'node:timers/promises';
import type { Run } from '../support/program.ts';

/** What an operator may do at any time without a request being lost. */
const COMMANDS: readonly ((random: () => number) => string)[] = [
  () => 'set server web/one state drain',
  () => 'set server web/one state ready',
  (random) => `set server web/two weight ${1 + Math.floor(random() * 100)}`,
  (random) => `set maxconn frontend plain ${500 + Math.floor(random() * 500)}`,
  () => 'show stat',
  () => 'show sess all',
  () => 'show info',
  () => 'show table clients',
  (random) => `set map #0 host v${Math.floor(random() * 1000)}`,
  () => 'disable frontend spare',
  () => 'enable frontend spare',
  () => 'clear counters all',
];

/** Gives commands and reloads until `done` says so. Returns how many. */
export async function operate(run: Run, random: () => number, done: () => boolean): Promise<number> {
  let given = 0;
  while (!done()) {
    if (random() < 0.02) run.signal('SIGHUP');
    else await run.cli(COMMANDS[Math.floor(random() * COMMANDS.length)]!(random));
    given++;
    await delay(20 + random() * 60);
  }
  return given;
}
