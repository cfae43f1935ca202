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
const files = globSync('test/**/*.test.ts')
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${words.join(' ')}`);
  process.exit(1);
}

// Tests drive a running Sluice with the programs that operators use; what is missing is installed where that is possible.
spawnSync('sh', ['scripts/apt.sh'], { stdio: 'inherit' });

const counts = { passed: 0, failed: 0, skipped: 0 };
const perFile = new Map<string, number>();
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

function onPass(data: EventData.TestPass): void {
  if (!isTest(data)) return;
  if (data.skip !== undefined || data.todo !== undefined) counts.skipped += 1;
  else counts.passed += 1;
  if (data.skip !== undefined)
    console.log(`skipped  ${data.file?.replace(root, '')}: ${data.name} ${data.skip === true ? '' : `(${data.skip})`}`);
  perFile.set(data.file!, (perFile.get(data.file!) ?? 0) + 1);
}

function onFail(data: EventData.TestFail): void {
  // A suite fails because a test in it did: that one is counted. A file that cannot be loaded counts as one failure.
  if ((data.details.error as { failureType?: string }).failureType === 'subtestsFailed') return;
  counts.failed += 1;
  console.log(`FAILED   ${(data.file ?? data.name).replace(root, '')}:${data.line ?? 0}: ${data.name}`);
  console.log(reason(data.details.error).replace(/^/gm, '    '));
}

const stream = run({
  files,
  concurrency: availableParallelism(),
  timeout: 120_000,
  execArgv: ['--disable-warning=ExperimentalWarning'],
});
stream.on('test:pass', onPass);
stream.on('test:fail', onFail);
stream.on('test:stderr', (data) => process.stderr.write(data.message));
stream.resume();
await new Promise<void>((done) => stream.once('end', done));

console.log(`${files.length} files, ${((performance.now() - started) / 1000).toFixed(1)} s`);
console.log(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
);
process.exit(counts.failed > 0 ? 1 : 0);
