/**
 * `npm run differential -- [--seed N] [--count N] [--only N,N] [--show]`: plays generated configurations and requests on the installed
 * HAProxy and on bin/sluice and prints what is different; ends with 1 when something is that docs/differences.md does not list.
 * `--show` prints the configuration of each scenario that differs.
 */
import { parseArgs } from 'node:util';
import { compare, HAPROXY, shown } from '../test/differential/compare.ts';
import { program } from '../test/support/program.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '300' },
    only: { type: 'string', default: '' },
    show: { type: 'boolean', default: false },
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
for (const difference of outcome.differences) {
  const { id, lines } = difference.scenario;
  if (values.show && !told.has(id)) process.stdout.write(`\n${lines.join('\n')}\n`);
  told.add(id);
  process.stdout.write(`${shown(difference)}\n`);
}
for (const [name, times] of outcome.accepted) process.stdout.write(`accepted ${times} times: ${name}\n`);
process.stdout.write(
  `seed ${values.seed}: ${outcome.played} scenarios, ${outcome.exchanges} exchanges; ${told.size} differ; HAProxy refused ${outcome.left} lines\n`,
);
process.exitCode = told.size === 0 ? 0 : 1;
