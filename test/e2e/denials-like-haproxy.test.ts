import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { until } from '../support/wait.ts';

/* What requests that a rule ends or answers count for. The table was played on HAProxy. */

/** A rule of the frontend or of the backend; what frontend, backend and server have counted behind one request. */
const TABLE: readonly (readonly [where: 'front' | 'back', rule: string, counted: string])[] = [
  ['front', 'http-request deny', 'req_tot=1 dreq=1 hrsp_4xx=1 | - | -'],
  ['back', 'http-request deny', 'req_tot=1 dreq=1 hrsp_4xx=1 | stot=1 req_tot=1 dreq=1 hrsp_4xx=1 | -'],
  [
    'front',
    'http-response deny',
    'req_tot=1 dresp=1 hrsp_5xx=1 | stot=1 req_tot=1 dresp=1 hrsp_5xx=1 | stot=1 req_tot=1 dresp=1 hrsp_2xx=1',
  ],
  [
    'back',
    'http-response deny',
    'req_tot=1 dresp=1 hrsp_5xx=1 | stot=1 req_tot=1 dresp=1 hrsp_5xx=1 | stot=1 req_tot=1 dresp=1 hrsp_2xx=1',
  ],
  ['front', 'http-request tarpit', 'req_tot=1 dreq=1 hrsp_5xx=1 | - | -'],
  ['back', 'http-request tarpit', 'req_tot=1 dreq=1 hrsp_5xx=1 | stot=1 req_tot=1 dreq=1 hrsp_5xx=1 | -'],
  ['front', 'http-request reject', 'req_tot=1 dreq=1 hrsp_other=1 | - | -'],
  ['back', 'http-request reject', 'req_tot=1 dreq=1 hrsp_other=1 | stot=1 req_tot=1 dreq=1 hrsp_other=1 | -'],
  ['front', 'http-request silent-drop', 'req_tot=1 dreq=1 hrsp_other=1 | - | -'],
  ['back', 'http-request silent-drop', 'req_tot=1 dreq=1 hrsp_other=1 | stot=1 req_tot=1 dreq=1 hrsp_other=1 | -'],
  [
    'back',
    'http-response silent-drop',
    'req_tot=1 dreq=1 hrsp_2xx=1 | stot=1 req_tot=1 dreq=1 hrsp_2xx=1 | stot=1 req_tot=1 hrsp_2xx=1',
  ],
  ['front', 'tcp-request content reject', 'dreq=1 hrsp_other=1 | - | -'],
  ['front', 'tcp-request content silent-drop', 'dreq=1 hrsp_other=1 | - | -'],
  ['back', 'tcp-request content reject', 'req_tot=1 dreq=1 hrsp_other=1 | stot=1 req_tot=1 hrsp_other=1 | -'],
  [
    'back',
    'tcp-request content silent-drop',
    'req_tot=1 dreq=1 hrsp_other=1 | stot=1 req_tot=1 dreq=1 hrsp_other=1 | -',
  ],
  [
    'back',
    'tcp-response content reject',
    'req_tot=1 dresp=1 hrsp_other=1 | stot=1 req_tot=1 dresp=1 hrsp_other=1 | stot=1 dresp=1',
  ],
  [
    'back',
    'tcp-response content silent-drop',
    'req_tot=1 dreq=1 hrsp_other=1 | stot=1 req_tot=1 dreq=1 hrsp_other=1 | stot=1',
  ],
  ['back', 'tcp-response content close', 'req_tot=1 hrsp_5xx=1 | stot=1 req_tot=1 eresp=1 hrsp_5xx=1 | stot=1 eresp=1'],
  ['front', 'http-request auth', 'req_tot=1 hrsp_4xx=1 intercepted=1 | - | -'],
  ['back', 'http-request auth', 'req_tot=1 hrsp_4xx=1 | stot=1 req_tot=1 hrsp_4xx=1 | -'],
  ['front', 'http-request return status 200', 'req_tot=1 hrsp_2xx=1 intercepted=1 | - | -'],
  ['back', 'http-request return status 200', 'req_tot=1 hrsp_2xx=1 | stot=1 req_tot=1 hrsp_2xx=1 | -'],
  [
    'front',
    'http-response return status 200',
    'req_tot=1 hrsp_2xx=1 | stot=1 req_tot=1 hrsp_2xx=1 | stot=1 req_tot=1 hrsp_2xx=1',
  ],
  ['front', 'http-request redirect location /', 'req_tot=1 hrsp_3xx=1 intercepted=1 | - | -'],
  ['back', 'http-request redirect location /', 'req_tot=1 hrsp_3xx=1 | stot=1 req_tot=1 hrsp_3xx=1 | -'],
];
const NAMES = [
  'stot',
  'req_tot',
  'dreq',
  'dresp',
  'ereq',
  'eresp',
  'hrsp_2xx',
  'hrsp_3xx',
  'hrsp_4xx',
  'hrsp_5xx',
  'hrsp_other',
  'intercepted',
];

const app = await origin({ after }, 'hello');
const run = await start(
  { after },
  `
    global
        stats socket {sock:admin}
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
        timeout tarpit 10ms
${TABLE.map(
  ([where, rule], at) => `
    frontend f${at}
        bind {addr:f${at}}
        ${where === 'front' ? rule : ''}
        default_backend b${at}
    backend b${at}
        ${where === 'back' ? rule : ''}
        server app {addr:app}
`,
).join('')}
    frontend counting
        bind {addr:counting}
        default_backend counted
    frontend lost
        bind {addr:lost}
    frontend waits
        bind {addr:waits}
        http-request wait-for-body time 5s
        default_backend left
    backend left
        server app {addr:app}
    backend counted
        http-request return status 200 hdr x-count %[be_conn]
`,
  { ports: { app } },
);

async function counted(name: string, columns: readonly string[]): Promise<string> {
  const row = await run.row(name);
  return (
    columns
      .filter((column) => (row[column] ?? '') !== '' && row[column] !== '0')
      .map((column) => `${column}=${row[column]}`)
      .join(' ') || '-'
  );
}

for (const [at, [where, rule, expected]] of TABLE.entries()) {
  test(`${rule} in a ${where}end`, async (t) => {
    const client = await connect(t, run.port(`f${at}`));
    client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    // One that is dropped silently hears nothing by itself.
    if (!rule.endsWith('silent-drop')) await client.rest({ tolerateReset: true });
    let seen = '';
    await until(
      () => `${expected}; it is ${seen}`,
      async () => {
        const [first, ...others] = NAMES;
        seen = [
          await counted(`f${at}/FRONTEND`, others),
          await counted(`b${at}/BACKEND`, [first!, ...others]),
          await counted(`b${at}/app`, [first!, ...others]),
        ].join(' | ');
        return seen === expected;
      },
    );
  });
}

test('rules of a backend see their own request among those that it has', async (t) => {
  const client = await connect(t, run.port('counting'));
  assert.equal((await client.exchange('GET / HTTP/1.1\nhost: a\n\n')).get('x-count'), '1');
});

test('a request that gets to no backend counts as a response of its status alone', async (t) => {
  const client = await connect(t, run.port('lost'));
  client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await client.rest();
  const [, ...others] = NAMES;
  assert.equal(await counted('lost/FRONTEND', others), 'req_tot=1 hrsp_5xx=1');
});

test('a request whose client leaves while a rule waits for its body has failed', async (t) => {
  const client = await connect(t, run.port('waits'));
  client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf');
  await until('the request', async () => (await counted('waits/FRONTEND', ['req_tot'])) === 'req_tot=1');
  client.close();
  let seen = '';
  await until(
    () => `its end; there is ${seen}`,
    async () => {
      seen = await counted('waits/FRONTEND', ['req_tot', 'ereq', 'hrsp_other']);
      return seen === 'req_tot=1 ereq=1 hrsp_other=1';
    },
  );
});

test('rules on the page that asks for a password do not see the error that it counts for, those on a denial do', async (t) => {
  const own = await start(
    t,
    `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind {addr:web}
    http-request track-sc0 src table seen
    http-request auth if { path /auth }
    http-request deny
    http-after-response set-header x-errors "%[sc_http_err_cnt(0)]"
backend seen
    stick-table type ip size 10 store http_err_cnt
`,
  );
  const client = await connect(t, own.port('web'));
  const errors = async (path: string) => (await client.exchange(`GET ${path} HTTP/1.1\nHost: a\n\n`)).get('x-errors');
  assert.equal(await errors('/auth'), '0');
  assert.equal(await errors('/auth'), '1');
  assert.equal(await errors('/'), '3');
});
