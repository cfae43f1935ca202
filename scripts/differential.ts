/**
 * `npm run differential -- [--seed N] [--count N] [--only N,N] [--show] [--accepted]`: plays generated configurations and requests on the installed
 * HAProxy and on bin/sluice and prints what is different; ends with 1 when something is that docs/differences.md does not list.
 * `--show` prints the configuration of each scenario that differs, `--accepted` what is accepted, too.
 */
import { parseArgs } from 'node:util';
import { compare, type Difference, HAPROXY, shown } from '../test/differential/compare.ts';
import { program } from '../test/support/program.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '300' },
    only: { type: 'string', default: '' },
    show: { type: 'boolean', default: false },
    accepted: { type: 'boolean', default: false },
  },
});

const cleanUps: (() => unknown)[] = [];
const outcome = await compare(
  { after: (cleanUp) => cleanUps.push(cleanUp) },
  {
    seed: Number(values.seed),
    count: Number(values.count),
    only: values.only.split(',').filter(Boolean).map(Number),
    haproxy: HAPROXY,
    sluice: program,
  },
);
for (const cleanUp of cleanUps) await cleanUp();

const told = new Set<number>();
const tell = (difference: Difference): void => {
  const { id, lines } = difference.scenario;
  if (values.show && !told.has(id)) process.stdout.write(`\n${lines.join('\n')}\n`);
  told.add(id);
  process.stdout.write(`${shown(difference)}\n`);
};
for (const [name, differences] of outcome.accepted) {
  process.stdout.write(`accepted ${differences.length} times: ${name}\n`);
  if (values.accepted) for (const difference of differences) process.stdout.write(`${shown(difference)}\n`);
}
for (const difference of outcome.differences) tell(difference);
for (const [id, how] of outcome.fatal) process.stdout.write(`HAProxy ended in scenario ${id}: ${how}\n`);
process.stdout.write(
  `seed ${values.seed}: ${outcome.played} scenarios, ${outcome.exchanges} exchanges; ${told.size} differ; HAProxy refused ${outcome.left} lines\n`,
);
process.exitCode = told.size === 0 ? 0 : 1;
