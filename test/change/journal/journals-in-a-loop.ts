/** Journals in the folder that is its argument until it is killed: by several at once, and each outcome is told once it is acknowledged. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openLocalJournal } from '../../../src/change/journal/local.ts';
import { attempt, outcome } from './fixture.ts';

const path = join(process.argv[2]!, 'journal.db');
const journal = openLocalJournal({ path, exclusive: true, keepEntries: 0, keepAge: 0, probeEvery: 0 });

async function journalOn(): Promise<void> {
  for (;;) {
    const [seq] = await journal.attempt([attempt('app1')]);
    await journal.outcome([outcome(seq!)]);
    writeSync(1, `${seq}\n`);
  }
}

await Promise.all(Array.from({ length: 4 }, journalOn));
