import { after, test } from 'node:test';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

/* Expressions of health checks look up stick tables; so they do in HAProxy. */

const told: (string | undefined)[] = [];
const app = await origin({ after }, (request) => {
  told.push(request.get('x-table'));
  return { body: 'fine' };
});
const config = (size: number) => `
    global
        stats socket {sock:admin} level admin
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
    backend counts
        stick-table type string size ${size} store gpc0
    backend web
        option httpchk
        http-check send hdr x-table "%[str(one),in_table(counts)] %[str(one),table_gpc0(counts)] %[table_cnt(counts)]"
        server app {addr:app} check inter 50ms
    frontend front
        bind {addr:front}
        default_backend web
`;
const run = await start({ after }, config(100), { ports: { app } });

const toldOf = (text: string) => until(`a check that tells ${text}`, () => told.at(-1) === text);

test('a check tells what is in a stick table', async () => {
  await toldOf('0 0 0');
  await run.cli('set table counts key one data.gpc0 5');
  await toldOf('1 5 1');
});

test('a check tells of the table that there is after a reload', { skip: isHaproxy }, async () => {
  run.rewrite(config(200));
  run.signal('SIGHUP');
  await until('the new table', async () => (await run.cli('show table counts')).includes('size:200'));
  await run.cli('set table counts key one data.gpc0 7');
  await toldOf('1 7 1');
});
