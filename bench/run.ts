import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cases } from './cases/index.ts';
import type { Row } from './measure.ts';
import { output } from './process.ts';
import {
  installed,
  type Proxy,
  sluice,
  startBackend,
  startBalancer,
  startCaddy,
  startHttpProxy3,
  startNginx,
} from './programs.ts';

// npm run bench [-- --only keep-alive,h2] [--quick] [--rounds N] [--seconds N] [--write]
// Sluice beside what is installed, in one run on one machine; bench/README.md says how to read it.

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (options.help) {
  console.log('npm run bench -- [--only CASE,...] [--quick] [--rounds N] [--seconds N] [--write]\n\nCases:');
  for (const { name, about } of cases) console.log(`  ${name.padEnd(12)} ${about}`);
  process.exit(0);
}

const chosen = options.only?.split(',') ?? cases.map(({ name }) => name);
const unknown = chosen.filter((name) => !cases.some((one) => one.name === name));
if (unknown.length > 0)
  throw new Error(`no such case: ${unknown.join(', ')}; there are ${cases.map((c) => c.name).join(', ')}`);
const needed = ['haproxy', 'nginx', 'wrk', 'h2load', sluice].filter((command) => !installed(command));
if (needed.length > 0) throw new Error(`missing: ${needed.join(', ')} (Debian: haproxy nginx wrk nghttp2-client)`);

// What is installed is a bundle, not the source.
if (process.env['SLUICE_PROGRAM'] === undefined)
  await output(process.execPath, [join(import.meta.dirname, '../scripts/bundle.ts')]);

const backend = await startBackend();
const proxies: Proxy[] = [await startBalancer('sluice', backend.port), await startBalancer('haproxy', backend.port)];
const missing: string[] = [];
if (chosen.includes('keep-alive') || chosen.includes('close') || chosen.includes('bodies')) {
  proxies.push(await startNginx(backend.port));
}
if (chosen.includes('keep-alive')) {
  if (installed('caddy')) proxies.push(await startCaddy(backend.port));
  else missing.push('caddy is not installed (Debian: caddy)');
  const other = await startHttpProxy3(backend.port);
  if (other) proxies.push(other);
  else missing.push('http-proxy-3 could not be installed from the npm registry');
}

const bench = {
  backend: backend.port,
  proxies,
  rounds: Number(options.rounds ?? (options.quick ? 3 : 7)),
  seconds: Number(options.seconds ?? (options.quick ? 1 : 2)),
  quick: options.quick,
};
const rows: Row[] = [];
let failed = false;
for (const one of cases.filter(({ name }) => chosen.includes(name))) {
  process.stderr.write(`${one.name}: ${one.about}\n`);
  try {
    rows.push(...(await one.run(bench)));
  } catch (error) {
    failed = true;
    missing.push(`${one.name} did not run: ${(error as Error).message.trim()}`);
  }
}
for (const proxy of proxies) await proxy.stop();
await backend.stop();

const report = [
  await versions(),
  '',
  ...table(rows),
  ...(missing.length ? ['', ...missing.map((line) => `- ${line}`)] : []),
];
console.log(report.join('\n'));
if (options.write) writeReadme(report);
process.exitCode = failed || rows.some((row) => row.bound !== undefined && row.value > row.bound) ? 1 : 0;

/** Rows as a Markdown table. */
function table(all: Row[]): string[] {
  const lines = ['| case | sluice | haproxy | others | value | bound | |', '|---|---|---|---|---|---|---|'];
  for (const [i, row] of all.entries()) {
    const figures = row.case === all[i - 1]?.case ? {} : row.figures; // told once, compared with several
    const figure = (name: string) => (figures[name] === undefined ? '' : `${round(figures[name])} ${row.unit}`);
    const others = Object.entries(figures)
      .filter(([name]) => name !== 'sluice' && name !== 'haproxy')
      .map(([name, value]) => `${name} ${round(value)}`)
      .join(', ');
    const bound = row.bound === undefined ? '' : `${row.bound}`;
    const verdict = row.bound === undefined ? '' : row.value <= row.bound ? 'reached' : 'NOT reached';
    const cells = [
      row.case,
      figure('sluice'),
      figure('haproxy'),
      others,
      `${round(row.value)} ${row.of}`,
      bound,
      verdict,
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  const notes = all.filter(({ note }) => note).map((row) => `- ${row.case}: ${row.note}`);
  return notes.length > 0 ? [...lines, '', ...notes] : lines;
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

async function versions(): Promise<string> {
  const haproxy = /version (\S+)/.exec(await output('haproxy', ['-v']))?.[1];
  const own = /version (\S+)/.exec(await output(sluice, ['-v']))?.[1];
  const date = new Date().toISOString().slice(0, 10);
  return `${date}: sluice ${own}, haproxy ${haproxy}, node ${process.version}, ${cpus().length} cores; ${bench.rounds} rounds of ${bench.seconds} s`;
}

/** Puts the report into bench/README.md, in the place of the last one. */
function writeReadme(report: string[]): void {
  const file = join(import.meta.dirname, 'README.md');
  const text = readFileSync(file, 'utf8');
  const begin = text.indexOf('<!-- last run -->');
  writeFileSync(file, `${text.slice(0, begin)}<!-- last run -->\n\n${report.join('\n')}\n`);
}
