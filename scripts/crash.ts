/**
 * `npm run crash -- [--kills N] [--seed N]`: kills a process with a journal at random points while changes are made (500 times, some 15
 * minutes) and looks after each whether what it acknowledged is in force. Ends with 1 when a change was lost.
 */
import { parseArgs } from 'node:util';
import { crashes } from '../test/crash/crashes.ts';

/** Kills between two lines of output. */
const TOLD = 50;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '500' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  },
});
const [kills, seed] = [Number(values.kills), Number(values.seed)];
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
  console.error('usage: npm run crash -- [--kills N] [--seed N]');
  process.exit(2);
}

const cleanUps: (() => unknown)[] = [];
const started = performance.now();
const tell = (done: number, made: number) => {
  const seconds = Math.round((performance.now() - started) / 1000);
  if (done % TOLD === 0 || done === kills) console.log(`${done} kills, ${made} changes acknowledged, ${seconds} s`);
};
try {
  console.log(`${kills} kills, seed ${seed}`);
  await crashes({ after: (cleanUp) => cleanUps.push(cleanUp) }, { kills, seed, tell });
  console.log('no acknowledged change was lost, and the journal is whole');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
}
