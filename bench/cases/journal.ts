import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from '../../src/change/change.ts';
import type { Attempt, Journal, OutcomeRecord } from '../../src/change/journal/journal.ts';
import { ThreadedJournal } from '../../src/change/journal/threaded.ts';
import { median, type Row } from '../measure.ts';
import type { Bench } from './index.ts';

const drain: Change = { kind: 'server.state', backend: 'be_app', server: 'app1', to: 'drain' };
const attempt: Attempt = {
  target: '',
  origin: {
    surface: 'cli-socket',
    from: 'unix@/run/sluice/admin.sock',
    level: 'admin',
    actor: { name: 'anna', uid: 1000, pid: 4711, sudoUser: null },
    operation: 'op-0198f3c1a2b4-5d6e7f80',
    title: 'drain be_app/app1 --for 30m',
    reason: 'canary',
    ticket: 'OPS-1',
  },
  change: drain,
  before: 'ready',
  after: 'drain',
};

/** Time of a Change in the journal, attempt and outcome: one after the other, by 50 clients at once, and in batches of 100. */
export async function journaledChanges(bench: Bench): Promise<Row[]> {
  const many = bench.quick ? 1000 : 5000;
  // Beside the sources, not in a temporary folder: that may be in memory.
  const build = join(import.meta.dirname, '../../build');
  mkdirSync(build, { recursive: true });
  const folder = mkdtempSync(join(build, 'journal-'));
  const journal = new ThreadedJournal({ stateDir: folder, owner: null, keepEntries: 0, keepAge: 0 });
  const times: Record<'single' | 'clients' | 'batched', number[]> = { single: [], clients: [], batched: [] };
  const sync = syncTime(join(folder, 'sync'));
  try {
    await makeChanges(journal, 100, 1);
    for (let round = 0; round < bench.rounds; round++) {
      times.single.push(await timed(many, () => makeChanges(journal, many, 1)));
      times.clients.push(
        await timed(many, () => Promise.all(Array.from({ length: 50 }, () => makeChanges(journal, many / 50, 1)))),
      );
      times.batched.push(await timed(many, () => makeChanges(journal, many, 100)));
    }
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true });
  }
  const row = (name: string, values: number[], bound: number): Row => {
    const value = median(values);
    const note = `writing 4 kB and fsync alone take ${sync.toFixed(0)} µs`;
    return { case: name, unit: 'µs/change', figures: { sluice: value }, value, of: 'µs', bound, note };
  };
  return [
    row('audited Changes, one by one', times.single, 500),
    row('audited Changes, 50 clients', times.clients, 200),
    row('audited Changes, batches of 100', times.batched, 100),
  ];
}

async function makeChanges(journal: Journal, many: number, batch: number): Promise<void> {
  for (let done = 0; done < many; done += batch) {
    const seqs = await journal.attempt(Array.from({ length: batch }, () => attempt));
    await journal.outcome(seqs.map(outcome));
  }
}

function outcome(seq: number): OutcomeRecord {
  const inverse: Change = { ...drain, to: 'ready' } as Change;
  return { attempt: seq, ok: true, severity: 6, text: '', duration: 1, inverse, before: 'ready', after: 'drain' };
}

/** µs that the disk takes for a small write that is on it. */
function syncTime(path: string): number {
  const fd = openSync(path, 'w');
  const block = Buffer.alloc(4096);
  const times = Array.from({ length: 200 }, () => {
    const begin = performance.now();
    writeSync(fd, block);
    fsyncSync(fd);
    return (performance.now() - begin) * 1000;
  });
  closeSync(fd);
  return median(times);
}

/** µs a piece. */
async function timed(pieces: number, work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return ((performance.now() - begin) * 1000) / pieces;
}
