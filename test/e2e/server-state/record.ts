/** Records what HAProxy 2.6 makes of the cases: node test/e2e/server-state/record.ts */
import { readFileSync, writeFileSync } from 'node:fs';
import { inNewerTerms, installedHaproxy, observe, type StateCase } from './observe.ts';

const file = new URL('cases.json', import.meta.url);
const haproxy = installedHaproxy();
if (haproxy === null) throw new Error('needs HAProxy 2.6 as /usr/sbin/haproxy');
const ends: (() => unknown)[] = [];
const cases = JSON.parse(readFileSync(file, 'utf8')) as StateCase[];
const recorded: StateCase[] = [];
for (const one of cases)
  recorded.push({ ...one, ...inNewerTerms(await observe({ after: (end) => void ends.push(end) }, one, haproxy)) });
writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`);
for (const end of ends) await end();
