import { writeFileSync } from 'node:fs';
import { player, readCorpus } from './corpus.ts';

// Records what a real HAProxy does with every case:  node test/traffic/corpus/record.ts [PROGRAM]
// Only the field `haproxy` of the cases is written; look at the difference before you commit it.

const program = process.argv[2] ?? '/usr/sbin/haproxy';
const cleanUps: (() => unknown)[] = [];
const { playRequest, playResponse } = await player({ after: (cleanUp) => cleanUps.push(cleanUp) }, program);
try {
  for (const kind of ['requests', 'responses'] as const) {
    for (const { file, cases } of readCorpus(kind)) {
      for (const entry of cases) {
        const { sluice, ...rest } = entry;
        const haproxy = await (kind === 'requests' ? playRequest(entry) : playResponse(entry));
        for (const key of Object.keys(entry)) delete (entry as unknown as Record<string, unknown>)[key];
        Object.assign(entry, rest, { haproxy }, sluice ? { sluice } : {});
      }
      writeFileSync(file, `${JSON.stringify(cases, null, 2)}\n`);
    }
  }
} finally {
  for (const cleanUp of cleanUps) await cleanUp();
}
