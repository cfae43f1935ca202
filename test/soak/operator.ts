import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { cliBytes } from '../support/cli.ts';
import { issue } from '../support/pki.ts';
import type { Run } from '../support/program.ts';

/** What an operator may do at any time without a request being lost: commands one after the other. */
const DEEDS: readonly ((random: () => number, run: Run) => readonly string[])[] = [
  () => ['set server web/one state drain', 'set server web/one state ready'],
  (random) => [`set server web/two weight ${1 + Math.floor(random() * 100)}`],
  (random) => [`set maxconn frontend plain ${500 + Math.floor(random() * 500)}`],
  () => ['show stat', 'show sess all', 'show info', 'show table clients', 'show servers state'],
  (random) => [`set map #0 host v${Math.floor(random() * 1000)}`],
  () => ['prepare map #0', 'add map #0 other x', 'add map #0 host w', 'clear table clients'],
  () => ['disable frontend spare', 'enable frontend spare'],
  () => ['clear counters all'],
  (_, run) => [
    `add server web/more 127.0.0.1:${run.port('two')}`,
    'enable server web/more',
    'set server web/more weight 50%',
    'disable server web/more',
    'set server web/more state maint',
    'wait 20s srv-removable web/more',
    'del server web/more',
  ],
  (_, run) => {
    const { pem } = issue({ name: 'soak.test', dns: ['soak.test'] });
    return [`set ssl cert ${run.dir}/soak.pem <<\n${pem.trim()}\n`, `commit ssl cert ${run.dir}/soak.pem`];
  },
];

/** What commands answer that were not understood, or could not be done. */
const REFUSED = /unknown|no such|failed|can't|cannot|require|error/i;

/** Gives commands and reloads until `done` says so. Returns how many. A command that is refused is a mistake of either side: it throws. */
export async function operate(run: Run, random: () => number, done: () => boolean): Promise<number> {
  let given = 0;
  while (!done()) {
    if (random() < 0.02) {
      run.signal('SIGHUP');
      given++;
    } else {
      for (const command of DEEDS[Math.floor(random() * DEEDS.length)]!(random, run)) {
        // A wait ends when its asker closes its side.
        const answer = await cliBytes(run.sock('admin'), `${command}\n`, { halfClose: false });
        const told = answer.split('\n', 1)[0]!;
        assert.doesNotMatch(command.startsWith('show') ? '' : told, REFUSED, `${command.split('\n', 1)[0]}: ${told}`);
        given++;
      }
    }
    await delay(20 + random() * 60);
  }
  return given;
}
