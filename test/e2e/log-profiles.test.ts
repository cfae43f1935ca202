import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { runToEnd, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

/* Formats by target (`log-profile`), by step (`log-steps`) and by rule (`do-log`). */

const web = await origin({ after }, 'web');
const [plain, other, steps] = [await syslog({ after }), await syslog({ after }), await syslog({ after })];
const run = await start(
  { after },
  `
log-profile other
    log-tag tagged
    on close format "OTHER %HP %OG" sd "[x y=\\"%ST\\"]"
    on http-req drop
    on error format "FAILED %OG"
log-profile json
    on any format "%{+json}o %(path)HP %(status:sint)ST %(origin)OG"
log-profile quiet
    on close drop
    on tcp-req-conn format "CONN %OG"
    on http-req format "REQ %OG %HP"
    on http-res format "RES %OG %ST"
    on http-after-res format "AFTER %OG"
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen targets
    bind {addr:targets}
    bind {addr:proxied} accept-proxy
    log {addr:plain} format raw local0
    log {addr:other} format rfc5424 profile other local0
    log-format "PLAIN %HP %OG"
    log-format-sd "[z state=\\"%ts\\"]"
    error-log-format "ERROR %OG %ts"
    http-request do-log if { path /asked }
    http-request do-log profile json if { path /json }
    http-request return status 200 if { path /local }
    http-request return status 503 if { path /refused }
    server s {addr:web}
listen steps
    bind {addr:steps}
    log {addr:steps} format raw local0
    log-format "STEP %OG %HP %ST %TR"
    log-steps accept,request,connect,response,close
    http-request deny if { path /denied }
    server s {addr:web}
listen early
    bind {addr:early}
    log {addr:steps} format raw local0
    log-format "EARLY %OG %HP"
    log-steps all
    option logasap
    server s {addr:web}
listen abnormal
    bind {addr:abnormal}
    log {addr:steps} format raw local0
    log-format "ABNORMAL %OG %HP"
    log-steps all
    option dontlog-normal
    http-request deny if { path /denied }
    server s {addr:web}
listen silent
    bind {addr:silent}
    log {addr:steps} format raw local0
    log-format "SILENT %OG %HP"
    http-request do-log
    http-request set-log-level silent if { path /quiet }
    http-response do-log
    server s {addr:web}
listen common
    bind {addr:common}
    mode tcp
    log {addr:plain} format raw local0
    option tcplog clf
    server s {addr:web}
listen rules
    bind {addr:rules}
    log {addr:steps} format raw profile quiet local0
    log-format "NEVER %OG"
    tcp-request connection do-log
    http-request do-log
    http-response do-log
    http-after-response do-log
    server s {addr:web}
listen errors
    bind {addr:errors}
    log {addr:plain} format local local0
    log-format "SEPARATE %HP"
    option log-separate-errors
    option dontlog-normal
    http-request return status 200 if { path /local }
    http-request deny if { path /denied }
    server s {addr:web}
`,
  { ports: { web, plain, other, steps } },
);

test('each target has its own format, tag and structured data', async () => {
  await get(run.port('targets'), '/both');
  assert.match(await plain.waitFor(/PLAIN \/both/), /^PLAIN \/both txn_close$/);
  assert.match(
    await other.waitFor(/OTHER \/both/),
    /^<134>1 \S+ \S+ tagged \d+ - \[x y="200"\] OTHER \/both txn_close$/,
  );
});

test('do-log logs in the middle, where a profile may drop it', async () => {
  await get(run.port('targets'), '/asked');
  await plain.waitFor(/^PLAIN \/asked http-req$/m);
  await plain.waitFor(/^PLAIN \/asked txn_close$/m);
  await other.waitFor(/OTHER \/asked txn_close/);
  assert.equal(other.lines.filter((line) => line.includes('/asked')).length, 1);
});

test('do-log with a profile logs in its format everywhere', async () => {
  await get(run.port('targets'), '/json');
  const expected = /\{"path":\s*"\/json",\s*"status":\s*-1,\s*"origin":\s*"http-req"\}/;
  await plain.waitFor(expected);
  await other.waitFor(expected);
});

test('connections that fail are logged in their own format', async (t) => {
  const client = await connect(t, run.port('proxied'));
  client.send('GET / HTTP/1.1\r\n\r\n');
  await client.rest({ tolerateReset: true });
  await plain.waitFor(/^ERROR sess_killed PR$/m);
  await other.waitFor(/FAILED sess_killed$/m);
});

test('requests that fail are logged as all requests are', async () => {
  await get(run.port('targets'), '/refused');
  await plain.waitFor(/^PLAIN \/refused txn_close$/m);
});

test('log-steps logs on the way', async () => {
  await get(run.port('steps'), '/walk');
  await steps.waitFor(/STEP txn_close \/walk/);
  assert.deepEqual(
    steps.lines.filter((line) => /^STEP txn_accept|\/walk/.test(line)),
    [
      'STEP txn_accept <BADREQ> 0 -1',
      'STEP txn_request /walk -1 -1',
      ...['connect /walk -1', 'response /walk 200', 'close /walk 200'].map((step) => `STEP txn_${step} 0`),
    ],
  );
});

test('the request is logged before rules have seen it, and what is no request in any case', async (t) => {
  const before = steps.lines.length;
  await get(run.port('steps'), '/denied');
  const client = await connect(t, run.port('steps'));
  client.send('GET\r\n\r\n');
  await steps.waitFor(/STEP sess_error/);
  assert.deepEqual(steps.lines.slice(before), [
    'STEP txn_accept <BADREQ> 0 -1',
    'STEP txn_request /denied -1 -1',
    'STEP txn_close /denied 403 0',
    'STEP sess_error <BADREQ> 400 -1',
  ]);
});

test('with option logasap lines are as without steps, and what is normal need not be logged', async () => {
  await get(run.port('early'), '/early');
  assert.equal(await steps.waitFor(/EARLY .*\/early/), 'EARLY txn_response /early');
  await get(run.port('abnormal'), '/normal');
  await get(run.port('abnormal'), '/denied');
  await steps.waitFor(/ABNORMAL .*\/denied/);
  assert.deepEqual(
    steps.lines.filter((line) => /^(ABNORMAL|EARLY)/.test(line)),
    ['EARLY txn_response /early', 'ABNORMAL txn_close /denied'],
  );
});

test('a request that is silent is not logged by rules either', async () => {
  await get(run.port('silent'), '/quiet');
  await get(run.port('silent'), '/loud');
  await steps.waitFor(/SILENT txn_response \/loud/);
  assert.deepEqual(
    steps.lines.filter((line) => line.startsWith('SILENT')),
    ['SILENT http-req /quiet', 'SILENT http-req /loud', 'SILENT http-res /loud', 'SILENT txn_response /loud'],
  );
});

test('option tcplog clf: the common log format tells of connections of mode tcp, too', async () => {
  await get(run.port('common'), '/');
  await plain.waitFor(/^127\.0\.0\.1 - - \[.*\] "TCP " 000 \d+ "" "" \d+ \d+ "common" "common" "s" /);
});

test('rules of all sets log, as profiles say', async () => {
  await get(run.port('rules'), '/rules');
  await steps.waitFor(/AFTER/);
  const lines = steps.lines.filter((line) => /^(?:CONN|REQ|RES|AFTER|NEVER)/.test(line));
  assert.deepEqual(lines, ['CONN tcp-req-conn', 'REQ http-req /rules', 'RES http-res 200', 'AFTER http-after-res']);
});

test('answers made here are no errors', async () => {
  await get(run.port('errors'), '/local');
  await get(run.port('errors'), '/denied');
  assert.match(await plain.waitFor(/SEPARATE \/denied/), /^<131>/);
  assert.equal(plain.lines.filter((line) => line.includes('SEPARATE /local')).length, 0);
});

for (const [lines, why] of [
  ['log 127.0.0.1 profile nobody local0', /unable to find log-profile 'nobody'/],
  ['log-steps accept,never', /'log-steps' expects 'all' or a list of accept, request/],
  ['http-request do-log profile nobody', /unable to find log-profile 'nobody'/],
] as const) {
  test(`refused: ${lines}`, async () => {
    const exit = await runToEnd(`frontend f\n    mode http\n    bind {addr:a}\n    ${lines}\n`, {
      argv: ['-c', '-f', '{config}'],
    });
    assert.equal(exit.code, 1);
    assert.match(exit.stderr, why);
  });
}

for (const [line, why] of [
  ['on never format x', /'on' expects one of accept, request/],
  ['on close frob', /'on close' expects 'drop', 'format <fmt>' or 'sd <fmt>', but got 'frob'/],
] as const) {
  test(`refused in a log-profile: ${line}`, async () => {
    const exit = await runToEnd(`log-profile p\n    ${line}\n`, { argv: ['-c', '-f', '{config}'] });
    assert.equal(exit.code, 1);
    assert.match(exit.stderr, why);
  });
}
