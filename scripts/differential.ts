/**
 * `npm run differential -- [--family NAME,NAME] [--seed N] [--count N] [--only N,N] [--show] [--accepted]`: plays generated configurations
 * and requests on the installed HAProxy and on bin/sluice and prints what is different; ends with 1 when something is that
 * docs/differences.md does not list. Of each family (of all, or of those that are named) `--count` scenarios are made; `--only` takes some
 * of them by number. `--show` prints the configuration of each scenario that differs, `--accepted` what is accepted, too.
 */
import { parseArgs } from 'node:util';
import { compare, type Difference, HAPROXY, shown } from '../test/differential/compare.ts';
import { FAMILIES } from '../test/differential/families.ts';
import { program } from '../test/support/program.ts';

const { values } = parseArgs({
  options: {
    family: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '300' },
    only: { type: 'string', default: '' },
    show: { type: 'boolean', default: false },
    accepted: { type: 'boolean', default: false },
  },
});

const names = values.family.split(',').filter(Boolean);
for (const name of names) {
  if (FAMILIES.some((family) => family.name === name)) continue;
  process.stderr.write(`no family '${name}'; there are ${FAMILIES.map((family) => family.name).join(', ')}\n`);
  process.exit(2);
}
const cleanUps: (() => unknown)[] = [];
const outcome = await compare(
  { after: (cleanUp) => cleanUps.push(cleanUp) },
  {
    families: FAMILIES.filter(({ name }) => names.length === 0 || names.includes(name)),
    seed: Number(values.seed),
    count: Number(values.count),
    only: values.only.split(',').filter(Boolean).map(Number),
    haproxy: HAPROXY,
    sluice: program,
  },
);
for (const cleanUp of cleanUps) await cleanUp();

const told = new Set<string>();
const tell = (difference: Difference): void => {
  const { family, id, lines } = difference.scenario;
  const name = `${family.name} ${id}`;
  if (values.show && !told.has(name)) process.stdout.write(`\n${lines.join('\n')}\n`);
  told.add(name);
  process.stdout.write(`${shown(difference)}\n`);
};
for (const [name, differences] of outcome.accepted) {
  process.stdout.write(`accepted ${differences.length} times: ${name}\n`);
  if (values.accepted) for (const difference of differences) process.stdout.write(`${shown(difference)}\n`);
}
for (const difference of outcome.differences) tell(difference);
for (const [{ family, id }, how] of outcome.fatal)
  process.stdout.write(`HAProxy ended in ${family.name} scenario ${id}: ${how}\n`);
process.stdout.write(
  `seed ${values.seed}: ${outcome.played} scenarios, ${outcome.exchanges} exchanges; ${told.size} differ; HAProxy refused ${outcome.left} lines\n`,
);
process.exitCode = told.size === 0 ? 0 : 1;
