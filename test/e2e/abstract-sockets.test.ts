import assert from 'node:assert/strict';
import { connect as connectPath } from 'node:net';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

const log = await syslog({ after });
/** Abstract names are the machine's: this file's own carry the pid. */
const name = `sluice-e2e-${process.pid}`;
const run = await start(
  { after },
  `
global
    stats socket abns@${name}-cli level admin
    log {addr:log} local0
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 5s
frontend clear
    bind {addr:clear}
    log global
    log-format "%si:%sp %bi:%bp"
    default_backend app
frontend inner
    bind abns@${name}
    http-request return status 200 content-type text/plain string inner
backend app
    server s abns@${name} check inter 100ms
`,
  { ports: { log } },
);

/** What a client gets that connects to an abstract socket by its whole name. */
function askCli(socket: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const client = connectPath(socket, () => client.end(`${command}\n`));
    client.on('data', (bytes) => (answer += bytes.toString('latin1')));
    client.on('end', () => resolve(answer));
    client.on('error', reject);
  });
}

const padded = (text: string) => `\0${text}`.padEnd(108, '\0');

test('a frontend listens on an abstract name filled up with zeros, and a server is reached there', async () => {
  assert.equal((await get(run.port('clear'))).text, 'inner');
  assert.match(await log.waitFor(/unix/), /unix:0 unix:0$/);
  assert.match(await get(`\0${name}`.padEnd(108, '\0')).then(({ text }) => text), /^inner$/);
});

test('the command socket has such a name, and the server behind one is checked', async () => {
  await until('the result of a check', async () => {
    const stat = await askCli(padded(`${name}-cli`), 'show stat');
    // The star: the next one is under way.
    return /^app,s,.*,UP,.*,(\* )?L4OK,/m.test(stat);
  });
});

test('abnsz@ takes the name as it is', unlessHaproxy26('does not know abnsz@'), async (t) => {
  const inner = await start(
    t,
    `
global
    stats socket abnsz@${name}-z level admin
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 5s
frontend clear
    bind {addr:clear}
    default_backend app
frontend inner
    bind abnsz@${name}
    http-request return status 200 content-type text/plain string short
backend app
    server s abnsz@${name} check
`,
  );
  assert.equal((await get(inner.port('clear'))).text, 'short');
  assert.equal((await get(`\0${name}`)).text, 'short');
  assert.match(await askCli(`\0${name}-z`, 'show info'), /^Name: /);
});
