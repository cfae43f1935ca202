import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALIASES } from '../../src/expr/log/aliases.ts';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

/* When lines are logged: as soon as all is known that they tell (HAProxy's manual, 8.1 and "option logasap"), and not at all for what never became a session. */

const log = await syslog({ after });
const web = await origin(
  { after },
  (_request, connection) => {
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    return null;
  },
  { lenient: true },
);

/** Aliases whose line is made at the end: what is counted, the times that have passed, the ID. */
const LATE = 'B ID Ta Tc Td Th Ti Tq TR Tr Tt Tu Tw U ac bc bq fc rc sc sq ts'.split(' ');
const NEW = ['OG', 'U'];
const aliases = ALIASES.map(({ name }) => name).filter((name) => !isHaproxy || !NEW.includes(name));

const run = await start(
  { after },
  `
global
    log {addr:log} local0
defaults
    log global
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend web_short
    mode http
    bind {addr:web_short}
    log-format "web_short %ci %b/%s %ST %tsc %HP"
    default_backend web
frontend web_long
    mode http
    bind {addr:web_long}
    log-format "web_long %b/%s %ST %ts %%B"
    default_backend web
frontend web_asap
    mode http
    option logasap
    bind {addr:web_asap}
    log-format "web_asap %b/%s %ST %B %Tt %ts"
    default_backend web
frontend web_plain
    mode http
    bind {addr:web_plain}
    http-request deny if { path /denied }
    default_backend web
frontend raw_short
    mode tcp
    bind {addr:raw_short}
    log-format "raw_short %ci %b/%s"
    default_backend raw
frontend raw_long
    mode tcp
    bind {addr:raw_long}
    log-format "raw_long %b/%s %B %ts"
    default_backend raw
frontend raw_asap
    mode tcp
    option logasap
    bind {addr:raw_asap}
    log-format "raw_asap %b/%s %B %U %ts"
    default_backend raw
frontend raw_plain
    mode tcp
    bind {addr:raw_plain}
    default_backend raw
frontend refused
    mode tcp
    bind {addr:refused}
    log-format "refused %cp %ts"
    tcp-request connection reject
frontend ended
    mode tcp
    bind {addr:ended}
    log-format "ended %cp %ts"
    tcp-request session reject
frontend asked
    mode tcp
    bind {addr:asked}
    log-format "asked %b/%s %ts %U"
    tcp-request inspect-delay 5s
    tcp-request content reject if { req.payload(0,3) -m str bad }
    tcp-request content accept if { req.len gt 10 }
    default_backend raw
backend web
    mode http
    server s {addr:web}
backend raw
    mode tcp
    server s {addr:web}
${aliases
  .map(
    (name) => `frontend alias_${name}
    mode http
    option http-no-delay
    bind {addr:alias_${name}}
    capture request header host len 9
    log-format "alias_${name} ,%${name} end"
    default_backend web`,
  )
  .join('\n')}
listen gone
    mode tcp
    bind {addr:gone}
    log-format "gone %b/%s %ts %U"
    retries 3
    server s {addr:nobody}
`,
  { ports: { web, log } },
);

const REQUEST = 'GET /now HTTP/1.1\r\nHost: x\r\n\r\n';

for (const [name, line] of [
  ['web_short', /web_short 127\.0\.0\.1 web\/s 200 ---- \/now$/],
  ['web_asap', /web_asap web\/s 200 \+\d+ \+\d+ --$/],
  ['web_plain', /Connect from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ \(web_plain\/HTTP\)$/],
  ['raw_short', /raw_short 127\.0\.0\.1 raw\/s$/],
  ['raw_asap', /raw_asap raw\/s \+0 0 --$/],
  ['raw_plain', /Connect from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ \(raw_plain\/TCP\)$/],
] as const) {
  test(`${name} is logged while the stream goes on, and once`, async (t) => {
    const client = await connect(t, run.port(name));
    if (name.startsWith('web')) {
      client.send(REQUEST);
      await log.waitFor(line);
      await client.through('abc');
    } else {
      await log.waitFor(line);
    }
    client.reset();
    // What is logged at the end of another stream comes behind the end of this one.
    const other = await connect(t, run.port('raw_long'));
    other.reset();
    await log.waitFor(/raw_long/);
    assert.equal(log.lines.filter((text) => text.includes(name)).length, 1);
  });
}

for (const name of ['web_long', 'raw_long']) {
  test(`${name} tells of the end, and is logged then`, async (t) => {
    const client = await connect(t, run.port(name));
    client.send(REQUEST);
    await client.through('abc');
    assert.deepEqual(
      log.lines.filter((text) => text.includes(name) && text.includes('200')),
      [],
    );
    web.connections.at(-1)!.close();
    client.end();
    assert.match(await log.waitFor(new RegExp(`${name} web|${name} raw/s [1-9]`)), /200 SD %B$| 41 --$/);
  });
}

test('a line is made with the response, unless one of its aliases tells of the end', async (t) => {
  for (const name of aliases) {
    const client = await connect(t, run.port(`alias_${name}`));
    client.send(REQUEST);
    await client.through('abc');
  }
  const early = aliases.filter((name) => !LATE.includes(name));
  for (const name of early) await log.waitFor(new RegExp(` alias_${name} ,`));
  const logged = log.lines.map((text) => / alias_(\w+) ,/.exec(text)?.[1]).filter((name) => name !== undefined);
  assert.deepEqual(logged.sort(), early.sort());
});

test('without a format a request is logged also when it is denied', async () => {
  assert.equal((await get(run.port('web_plain'), '/denied')).status, 403);
  await log.waitFor(/\(web_plain\/HTTP\)$/);
});

test('connections that rules refuse before there is a session are not logged', async (t) => {
  for (const name of ['refused', 'ended']) {
    const client = await connect(t, run.port(name)).catch(() => null);
    await client?.rest({ tolerateReset: true });
  }
  const client = await connect(t, run.port('raw_short'));
  await log.waitFor(/raw_short/);
  client.end();
  assert.deepEqual(
    log.lines.filter((line) => /refused|ended/.test(line)),
    [],
  );
});

test('a client that ends before rules have seen enough goes on to the server', async (t) => {
  const client = await connect(t, run.port('asked'));
  client.send('short');
  client.end();
  assert.match(await log.waitFor(/asked/), /asked raw\/s -- 5$/);
  const silent = await connect(t, run.port('asked'));
  silent.end();
  assert.match(await log.waitFor(/asked/), /asked raw\/s -- 0$/);
});

test('bytes count that were received and sent nowhere', async (t) => {
  const client = await connect(t, run.port('asked'));
  client.send('bad');
  await client.rest({ tolerateReset: true });
  assert.match(await log.waitFor(/asked/), /asked asked\/<NOSRV> PR 3$/);
});

test('a client that resets while rules wait, or while there is no server yet', async (t) => {
  const waiting = await connect(t, run.port('asked'));
  waiting.reset();
  assert.match(await log.waitFor(/asked/), /asked \S+ CR 0$/);
  const connecting = await connect(t, run.port('gone'));
  connecting.reset();
  assert.match(await log.waitFor(/gone/), /gone gone\/s CD 0$/);
});
