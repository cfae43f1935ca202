/**
 * `npm test [-- PATTERN...]`: runs the test files (all, or those whose path contains one of the words) with node:test, a process each,
 * and ends with the line `N passed, N failed` (`, N skipped`).
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { EventData } from 'node:test';
import { run } from 'node:test';
import { inspect } from 'node:util';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);

const words = process.argv.slice(2);
/** What takes longest goes first, so that no file runs on alone at the end: parts of paths, the longest first. */
const LONG = `
  differential/ dataplane/remote ops/save-stores e2e/peers-tls discovery-processes e2e/server-state cli/sudo sim/http e2e/bandwidth
  certificates-kept dataplane/clients examples/show ops/configuration table-state-files tables-like-haproxy take-over-journal
  house/packages like-haproxy-backends full-bodies ops/certificates e2e/abuse e2e/tls-choice e2e/reload. every-operation e2e/policy
  journal/trouble keys-untold lost-threads reload-sections cli/runtime. e2e/state-dir dataplane/pipeline e2e/certificates. house/library
  dataplane/access ops/sluice e2e/balance soak/ ops/haproxy reload-process e2e/tls. walkthroughs/
`
  .trim()
  .split(/\s+/);
const rank = (file: string): number => {
  const at = LONG.findIndex((word) => file.includes(word));
  return at < 0 ? LONG.length : at;
};
const files = globSync('test/**/*.test.ts')
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
if (files.length === 0) {
  console.error(`no test file matches ${words.join(' ')}`);
  process.exit(1);
}

// Tests drive a running Sluice with the programs that operators use; what is missing is installed where that is possible.
spawnSync('sh', ['scripts/apt.sh'], { stdio: 'inherit' });

// Programs start from a bundle of what is here now. Types are stripped from what test files import once, not by every one of them.
if (spawnSync(process.execPath, ['scripts/bundle.ts'], { stdio: 'inherit' }).status !== 0) process.exit(1);
process.env['NODE_COMPILE_CACHE'] ??= `${root}build/compile-cache`;

/** What one file's tests came to. */
interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** Time of its tests, ms. */
  took: number;
  /** What to print of it: failures with their reasons, skipped tests. */
  readonly lines: string[];
}

const started = performance.now();

/** A test, not the suite or file around it. */
function isTest(data: EventData.TestPass | EventData.TestFail): boolean {
  return data.details.type !== 'suite' && data.file !== undefined && data.name !== data.file;
}

/** The reason of a failure without the wrapper that node:test puts around it. */
function reason(error: Error & { cause?: unknown }): string {
  const inner = error.cause ?? error;
  return inner instanceof Error ? (inner.stack ?? inner.message) : inspect(inner);
}

function onPass(tally: Tally, data: EventData.TestPass): void {
  if (!isTest(data)) return;
  if (data.skip === undefined && data.todo === undefined) {
    tally.passed++;
    return;
  }
  tally.skipped++;
  const why = typeof data.skip === 'string' ? `(${data.skip})` : '';
  tally.lines.push(`skipped  ${data.file?.replace(root, '')}: ${data.name} ${why}`);
}

function onFail(tally: Tally, data: EventData.TestFail): void {
  // A suite fails because a test in it did: that one is counted. A file that cannot be loaded counts as one failure.
  if ((data.details.error as { failureType?: string }).failureType === 'subtestsFailed') return;
  tally.failed++;
  tally.lines.push(`FAILED   ${(data.file ?? data.name).replace(root, '')}:${data.line ?? 0}: ${data.name}`);
  tally.lines.push(reason(data.details.error).replace(/^/gm, '    '));
}

/** Runs test files, a process each; what they came to, by file. */
async function runFiles(names: readonly string[], concurrency: number): Promise<Map<string, Tally>> {
  const tallies = new Map<string, Tally>(
    names.map((name) => [name, { passed: 0, failed: 0, skipped: 0, took: 0, lines: [] }]),
  );
  const of = (data: { file?: string; name: string }) =>
    tallies.get((data.file ?? data.name).replace(root, '')) ?? tallies.values().next().value!;
  const stream = run({
    files: [...names],
    concurrency,
    timeout: 120_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  stream.on('test:complete', (data) => {
    if (data.nesting === 0 && data.file !== undefined && data.name !== data.file)
      of(data).took += data.details.duration_ms;
  });
  stream.on('test:pass', (data) => onPass(of(data), data));
  stream.on('test:fail', (data) => onFail(of(data), data));
  stream.on('test:stderr', (data) => process.stderr.write(data.message));
  stream.resume();
  await new Promise<void>((done) => stream.once('end', done));
  return tallies;
}

// Two thirds of what they do is waiting.
const tallies = await runFiles(files, 2 * availableParallelism() + 1);
const failing = files.filter((file) => tallies.get(file)!.failed > 0);
if (failing.length > 0 && failing.length <= 12) {
  // Timing of real sockets on a busy machine: what fails is run once more, alone, and said.
  for (const file of failing) for (const line of tallies.get(file)!.lines) console.log(line);
  console.log(`== again, one by one: ${failing.join(' ')}`);
  for (const [file, tally] of await runFiles(failing, 1)) tallies.set(file, tally);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const { passed, failed, skipped, lines } of tallies.values()) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  for (const line of lines) console.log(line);
}
if (files.length > 20) {
  const slowest = [...tallies].sort(([, a], [, b]) => b.took - a.took).slice(0, 8);
  console.log(`slowest: ${slowest.map(([file, { took }]) => `${file} ${(took / 1000).toFixed(0)} s`).join(', ')}`);
}
console.log(`${files.length} files, ${((performance.now() - started) / 1000).toFixed(1)} s`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed > 0 ? 1 : 0);
