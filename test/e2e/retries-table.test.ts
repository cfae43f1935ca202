import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { start } from '../support/program.ts';
import { loggingProxies } from '../support/proxies.ts';
import { syslog } from '../support/syslog.ts';
import { TABLE } from './retries-table.ts';

/*
 * What becomes of requests that fail: which servers are tried, what the client gets, what is logged, what is counted. The table was
 * played on HAProxy.
 */

/** A proxy for each of the settings. */
const ROWS = TABLE.flatMap(({ settings, seen }) => settings.map((one) => ({ settings: one, seen })));
const log = await syslog({ after });
const tried: string[] = [];
const ports: Record<string, number | { port: number }> = { log, r1: await freePort(), r2: await freePort() };
for (const name of ['s1', 's2', 's3'])
  ports[name] = await origin({ after }, ({ target }, connection) => {
    tried.push(name);
    if (target === '/busy') return { status: 503 };
    if (target === '/junk') return 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n';
    if (target === '/empty') connection.close();
    if (target === '/cut') {
      connection.send('HTTP/1.1 200 OK\r\ncontent-le');
      connection.end();
    }
    return target === '/' ? { body: name } : null;
  });

/** Settings, and servers by their names with what they have beside address and cookie. */
const lines = (settings: string) =>
  settings
    .split('; ')
    .map((setting) => setting.replace(/^([rs]\d)\b/, 'server $1 {addr:$1} cookie $1'))
    .join('\n    ');

const run = await start(
  { after },
  `${loggingProxies('timeout connect 20ms', 'timeout server 150ms')}
${ROWS.map(({ settings }, at) => `listen l${at}\n    bind {addr:l${at}}\n    ${lines(settings)}\n`).join('')}`,
  { ports },
);

/** Sends a request as the table has it (`/path cookie`); what came of it. */
async function play(at: number, asked: string): Promise<string> {
  const [path, cookie] = asked.split(' ');
  tried.length = 0;
  const sent = cookie === undefined ? '' : `cookie: SRV=${cookie}\r\n`;
  const { status, all } = await request(run.port(`l${at}`), `GET ${path} HTTP/1.1\r\nhost: a\r\n${sent}\r\n`);
  const line = await log.waitFor(new RegExp(` l${at} l${at}/`));
  const [, server, state, retries] = /\/(\S+) \S+ \d+ \d+ - - (\S+) \S+\/(\S+) \d/.exec(line)!;
  return `${asked} -> ${[status, ...tried, ...all('set-cookie')].join(' ')}, ${server} ${state} ${retries}`;
}

/** The counters of a server that are not 0. */
async function counted(at: number, server: string): Promise<string> {
  const row = await run.row(`l${at}/${server}`);
  // HAProxy counts what `retry-on` makes it send to the same server again as two retries.
  const retries = ROWS[at]!.settings.includes('retry-on') ? [] : ['wretr'];
  const names = ['stot', 'lbtot', ...retries, 'wredis', 'econ', 'eresp', 'hrsp_5xx'].filter(
    (name) => row[name] !== '0',
  );
  return [server, ...names.map((name) => `${name}=${row[name]}`)].join(' ');
}

for (const [at, { settings, seen }] of ROWS.entries()) {
  test(settings, async () => {
    const actual = [];
    for (const line of seen) {
      const asked = /^(\/.*) ->/.exec(line)?.[1];
      actual.push(asked === undefined ? await counted(at, line.split(' ')[0]!) : await play(at, asked));
    }
    assert.deepEqual(actual, seen);
  });
}
