import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { start } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { syslog } from '../support/syslog.ts';

/* `term_events`: what ended which part of a stream. The last of the seven is the connection to the server, the first that to the client. */

const log = await syslog({ after });
const web = await origin(
  { after },
  ({ target }) => {
    if (target === '/cut') return { body: 100, closeAt: 90 };
    return target === '/never' || target === '/left' ? null : { body: 'hi' };
  },
  { lenient: true },
);
const run = await start(
  { after },
  `
global
    log {addr:log} local0
${httpDefaults('log global', 'retries 0')}
frontend web
    bind {addr:web}
    log-format "%HP %ts %[term_events] %B"
    http-request deny if { path /denied }
    use_backend refused if { path /refused }
    default_backend webs
backend webs
    http-request set-timeout server 100 if { path /never }
    server s {addr:origin}
backend refused
    server s 127.0.0.1:{port:nobody}
`,
  { ports: { log, origin: web, nobody: await freePort() } },
);
const logged = async (path: string) => / \/\w+ (\S+ \{\S*\}) /.exec(await log.waitFor(new RegExp(` ${path} `)))?.[1];

test('an exchange that nothing has ended tells nothing', async (t) => {
  const client = await connect(t, run.port('web'));
  await client.exchange('GET /whole HTTP/1.1\nHost: a\n\n');
  assert.equal(await logged('/whole'), '-- {,,e1,s1S1,E1,,}');
});

test('what is answered here has no server', async (t) => {
  const client = await connect(t, run.port('web'));
  await client.exchange('GET /denied HTTP/1.1\nHost: a\n\n');
  assert.equal(await logged('/denied'), 'PR {,,e1,s8S1s1,,-,-}');
});

test('a server that cannot be connected to', async (t) => {
  const client = await connect(t, run.port('web'));
  await client.exchange('GET /refused HTTP/1.1\nHost: a\n\n');
  assert.equal(await logged('/refused'), 'SC {,,e1,S1s1,,,F7}');
});

test('a server that does not answer in time', async (t) => {
  const client = await connect(t, run.port('web'));
  await client.exchange('GET /never HTTP/1.1\nHost: a\n\n');
  assert.equal(await logged('/never'), 'sH {,,e1,S7S1s1,E1,M1,F1}');
});

test('a response that is cut off', async () => {
  await assert.rejects(get(run.port('web'), '/cut'));
  assert.equal(await logged('/cut'), 'SD {f1,m1,e1,S5s1,E5E1,M5M1,F2F1}');
});

test('a client that leaves', async (t) => {
  const client = await connect(t, run.port('web'));
  client.send('GET /left HTTP/1.1\r\nHost: a\r\n\r\n');
  while ((await web.nextRequest()).target !== '/left');
  client.end();
  assert.equal(await logged('/left'), 'CH {f2f1,m2m1,e2e1,s2S1s1,E1,M1,F1}');
});
