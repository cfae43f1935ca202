/**
 * `npm run soak -- [MINUTES] [--seed N] [--clients N] [--threads N] [--nouring]`: the program under clients and servers that misbehave, an operator and reloads
 * (test/soak), for so many minutes (default 5). Exit status 1 when a byte was wrong, a request lost or something is left at the end.
 */
import { parseArgs } from 'node:util';
import { soak } from '../test/soak/soak.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: '24' },
    threads: { type: 'string', default: '2' },
    nouring: { type: 'boolean', default: false },
  },
});
const cleanUps: (() => unknown)[] = [];
try {
  const report = await soak(
    { after: (cleanUp) => cleanUps.push(cleanUp) },
    {
      seconds: Number(positionals[0] ?? 5) * 60,
      seed: Number(values.seed),
      clients: Number(values.clients),
      global: `nbthread ${values.threads}${values.nouring ? '\n    nouring' : ''}`,
    },
  );
  const [early, late] = report.memory.map((bytes) => (bytes / 2 ** 20).toFixed(0));
  for (const [name, count] of Object.entries(report.visits)) console.log(`${String(count).padStart(8)}  ${name}`);
  console.log(`${String(report.commands).padStart(8)}  commands; memory ${early} MB early, ${late} MB at the end`);
  for (const failure of report.failures) console.log(`FAILED    ${failure}`);
  process.exitCode = report.failures.length > 0 ? 1 : 0;
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}
