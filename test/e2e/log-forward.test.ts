import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { isHaproxy, runToEnd, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

const log = await syslog({ after });
const own = await syslog({ after });
const config = `
global
    stats socket {sock:admin} level admin
    log {addr:own} local0 notice
ring kept
    format rfc5424
    maxlen 1200
    size 32764
log-forward relay
    dgram-bind {addr:dgram}
    bind {addr:stream}
    timeout client 5s
    maxconn 2
    log global
    log {addr:log} local3 info
    log ring@kept local3
`;
const run = await start({ after }, config, { ports: { log, own } });

test('log-forward: datagrams go on as they came, to all targets whose level they have', async () => {
  const sender = createSocket('udp4');
  for (const text of [
    '<13>Oct 11 22:14:15 web app[7]: datagram one',
    '<15>too fine',
    '<14>Oct 11 22:14:15 web app: two',
  ])
    sender.send(text, run.port('dgram'), '127.0.0.1');
  assert.equal(await log.waitFor(/datagram one/), '<13>Oct 11 22:14:15 web app[7]: datagram one');
  assert.equal(await log.waitFor(/two/), '<14>Oct 11 22:14:15 web app: two');
  assert.match(await own.waitFor(/datagram one/), /^<13>/);
  assert.ok(!log.lines.some((line) => line.includes('too fine')));
  assert.match(await run.cli('show events kept'), /<13>1 \d{4}-10-11T22:14:15-00:00 web app 7 - - datagram one/);
  sender.close();
});

test('log-forward: streams with lengths and with line ends', async (t) => {
  const client = await connect(t, run.port('stream'));
  client.send('<13>Oct 11 22:14:15 web app: first\n38 <13>Oct 11 22:14:15 web app: second\n!!');
  assert.equal(await log.waitFor(/first/), '<13>Oct 11 22:14:15 web app: first');
  client.send('<13>third\r\n');
  await log.waitFor(/second/);
  assert.equal(await log.waitFor(/third/), '<13>third');
  client.send('GET / HTTP/1.1\r\n');
  assert.equal(await client.rest().catch(() => ''), '');
});

test('log-forward: received messages are counted', async () => {
  const before = Number((await run.info())['CumRecvLogs']);
  const sender = createSocket('udp4');
  sender.send('<13>counted', run.port('dgram'), '127.0.0.1');
  await log.waitFor(/counted/);
  sender.close();
  assert.equal(Number((await run.info())['CumRecvLogs']), before + 1);
});

// What follows is newer than HAProxy 2.6, or ours.
const skip = isHaproxy ? 'newer than HAProxy 2.6' : false;

test('log-forward: options', { skip }, async (t) => {
  const sections = {
    raw: 'option dont-parse-log',
    lines: 'option assume-rfc6587-ntf',
    fill: 'option host fill',
    replace: 'option host replace',
    append: 'option host append',
  };
  const forward = await start(
    t,
    Object.entries(sections)
      .map(([name, option]) => `log-forward ${name}\n bind {addr:${name}}\n ${option}\n log {addr:log} local0\n`)
      .join('') + 'log-forward nil\n bind {addr:nil}\n log {addr:log} format rfc3164 local0\n',
    { ports: { log } },
  );
  const through = async (name: string, text: string) => {
    const client = await connect(t, forward.port(name));
    client.send(text);
    client.end();
    return log.waitFor(new RegExp(name));
  };
  assert.equal(await through('raw', '<13>1 - - raw\n'), '<13>1 - - raw');
  assert.equal(await through('lines', '5 lines\n'), '5 lines');
  const at = 'Oct 11 22:14:15';
  assert.equal(await through('fill', `<13>${at} web fill\n`), `<13>${at} web fill`);
  assert.equal(await through('replace', `<13>${at} web replace\n`), `<13>${at} 127.0.0.1 replace`);
  assert.equal(await through('append', `<13>${at} web append\n`), `<13>${at} web,127.0.0.1 append`);
  assert.match(await through('nil', '<13>nil\n'), /^<13>\w+ [ \d]\d \S+ localhost nil$/);
});

test('log-forward: no more connections than maxconn; what is silent for too long ends', { skip }, async (t) => {
  const forward = await start(
    t,
    'log-forward f\n bind {addr:f}\n maxconn 1\n timeout client 300ms\n log {addr:log} local0\n',
    { ports: { log } },
  );
  const first = await connect(t, forward.port('f'));
  first.send('<13>of the first\n');
  await log.waitFor(/of the first/);
  const second = await connect(t, forward.port('f'));
  second.send('<13>of the second\n');
  first.send('<13>more of the first\n');
  await log.waitFor(/more of the first/);
  assert.ok(!log.lines.some((line) => line.includes('of the second')));
  assert.equal(await first.rest().catch(() => ''), '');
  await log.waitFor(/of the second/);
});

test('log-forward: a reload opens and closes what differs, or nothing', { skip }, async (t) => {
  const forward = await start(t, `${config}log-forward other\n bind {addr:other}\n log {addr:log} local0\n`, {
    ports: { log, own },
  });
  const client = await connect(t, forward.port('stream'));
  client.send('<13>before\n');
  await log.waitFor(/before/);
  forward.rewrite(config.replace('log {addr:log} local3 info', 'log {addr:log} format raw local3 info'));
  assert.match(await forward.cli('reload'), /^Success=1/);
  client.send('<13>afterwards\n');
  assert.equal(await log.waitFor(/afterwards/), 'afterwards');
  await assert.rejects(connect(t, forward.port('other')));
  const taken = await syslog(t);
  forward.rewrite(`${config}log-forward third\n dgram-bind 203.0.113.9:${taken.port}\n log {addr:log} local0\n`);
  assert.match(await forward.cli('reload'), /Binding \[.*\] for log-forward third: cannot bind socket/);
  client.send('<13>still raw\n');
  assert.equal(await log.waitFor(/still raw/), 'still raw');
  await until('the count', async () => Number((await forward.info())['CumRecvLogs']) === 3);
});

test('log-forward: mistakes are told', { skip }, async () => {
  const told = async (line: string) => (await runToEnd(`log-forward f\n ${line}\n`, { args: ['-c'] })).stderr;
  assert.match(await told('bind /tmp/x'), /'bind \/tmp\/x' : expects addresses of IPv4 or IPv6, each with a port\./);
  assert.match(await told('bind :514 accept-proxy'), /an option has no meaning for logs \(acceptProxy\)/);
  assert.match(await told('dgram-bind :514 interface lo'), /an option has no meaning for logs \(interface\)/);
  assert.match(await told('bind :514 ssl'), /'ssl' is not supported here/);
  assert.match(
    await told('option host other'),
    /'option host' expects \{fill\|replace\|keep\|append\}, but got 'other'/,
  );
  assert.match(await told('log ring@none local0'), /unable to find ring 'none'/);
  assert.match(await told('mode tcp'), /unknown keyword 'mode' in 'log-forward' section/);
});
