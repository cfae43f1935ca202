import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openReader } from '../../../src/change/journal/reader.ts';
import { localJournal, stateDir } from './fixture.ts';

/** Kills in each of the folders that are worked on at the same time. */
const KILLS = 12;
const FOLDERS = 4;

/** A process that journals without end; what it was answered, as far as it could tell. */
function start(folder: string): {
  child: ChildProcess;
  acknowledged: Set<number>;
  ended: Promise<void>;
  began: Promise<void>;
} {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'journals-in-a-loop.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'cache') },
  });
  const acknowledged = new Set<number>();
  let rest = '';
  const began = new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
  child.stdout!.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) acknowledged.add(Number(line));
  });
  return { child, acknowledged, began, ended: new Promise((resolve) => child.on('close', () => resolve())) };
}

test('a process that is killed at any moment leaves a whole chain with every outcome that was acknowledged', async (t) => {
  await Promise.all(Array.from({ length: FOLDERS }, () => killAgainAndAgain(t, stateDir(t))));
});

async function killAgainAndAgain(t: TestContext, folder: string): Promise<void> {
  const all = new Set<number>();
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, acknowledged, ended, began } = start(folder);
    await began;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    child.kill('SIGKILL');
    await ended;
    for (const seq of acknowledged) all.add(seq);
    if (kill % 10 !== 0 && kill !== KILLS - 1) continue;
    const reader = openReader(join(folder, 'journal.db'));
    const verdict = reader.verify([]);
    assert.equal(verdict.problem, null, `after ${kill + 1} kills`);
    const attempts = new Set(
      [...reader.records({ phase: 'outcome' })].map((record) => 'attempt' in record && record.attempt),
    );
    reader.close();
    for (const seq of all) assert.ok(attempts.has(seq), `the outcome of ${seq} is gone after ${kill + 1} kills`);
  }
  assert.ok(all.size > KILLS, `${all.size} outcomes`);
  const journal = localJournal(t, folder);
  const entries = await journal.entries({ last: 1_000_000 });
  assert.equal(journal.trouble, null);
  assert.ok(entries.length >= 2 * all.size);
}
