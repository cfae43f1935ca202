import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { CapturedError, StreamView } from '../../src/model/messages.ts';
import { exchange, startApi, type TestApi } from './support.ts';

const recorded = join(import.meta.dirname, '../../../shared/runtime-api/golden');

function stream(id: string, more: Partial<StreamView> = {}): StreamView {
  const now = Date.now();
  return {
    id,
    thread: 0,
    proto: 'tcpv4',
    source: '127.0.0.1:50000',
    frontend: 'fe_http',
    frontendId: 101,
    frontendMode: 'http',
    listener: 'http1',
    listenerId: 1,
    destination: '127.0.0.1:20080',
    backend: 'be_slow',
    backendId: 5,
    backendMode: 'http',
    server: 'slow1',
    serverId: 1,
    serverAddress: '127.0.0.1:20104',
    localAddress: '127.0.0.1:35892',
    startedAt: now - 5000,
    lastActive: now - 5000,
    expires: now + 24_500,
    state: 'EST',
    method: 'GET',
    uri: '/slow',
    status: 0,
    bytesIn: 47,
    bytesOut: 0,
    retries: 0,
    queued: false,
    requestState: 'MSG_DONE',
    responseState: 'MSG_RPBEFORE',
    ...more,
  };
}

let api: TestApi;
const ask = (command: string, level: 'admin' | 'user' = 'admin') => exchange(api.path(level), `${command}\n`);
/** Streams of a listing by id, the asking connection left out. */
const ids = (text: string) =>
  [...text.matchAll(/^(0x\w+): (?!.*(?:fe=GLOBAL|source=unix))/gm)].map((match) => match[1]);

before(async () => {
  api = await startApi();
});
after(() => api.close());

describe('show sess', () => {
  beforeEach(() => {
    api.control.streams = [
      stream('0x1234ab'),
      stream('0x1234ac', { backend: 'be_app', server: 's1', startedAt: Date.now() - 90_000 }),
      stream('0x1234ad', { backend: null, server: null }),
    ];
  });

  it('has a line for each stream and for the connection that asks', async () => {
    const text = await ask('show sess');
    assert.deepEqual(ids(text), ['0x1234ab', '0x1234ac', '0x1234ad']);
    assert.match(
      text,
      /^0x1234ab: proto=tcpv4 src=127\.0\.0\.1:50000 fe=fe_http be=be_slow srv=slow1 ts=00 epoch=0 age=5s calls=0 rate=0 .* exp=24s rc=0 c_exp=$/m,
    );
    assert.match(text, /^0x1234ad: .* be=<NONE> srv=<none> /m);
    assert.match(text, /^0x56\w+: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> /m);
  });

  it('selects streams', async () => {
    assert.deepEqual(ids(await ask('show sess backend be_slow')), ['0x1234ab']);
    assert.deepEqual(ids(await ask('show sess server be_app/s1')), ['0x1234ac']);
    assert.deepEqual(ids(await ask('show sess frontend fe_http')), ['0x1234ab', '0x1234ac', '0x1234ad']);
    assert.deepEqual(ids(await ask('show sess older 60')), ['0x1234ac']);
    assert.deepEqual(ids(await ask('show sess older 1m')), ['0x1234ac']);
    assert.deepEqual(ids(await ask('show sess 0x1234AC')), ['0x1234ac']);
  });

  it('says what is wrong with a selection', async () => {
    assert.equal(await ask('show sess 0x99'), 'Session not found.\n\n');
    assert.equal(await ask('show sess zzz'), "Unsupported option 'zzz', try 'help' for more info.\n\n");
    assert.equal(await ask('show sess backend nope'), 'No such backend.\n\n');
    assert.equal(await ask('show sess frontend nope'), 'No such frontend.\n\n');
    assert.equal(await ask('show sess server be_app/nope'), 'No such server.\n\n');
    assert.equal(await ask('show sess older abc'), 'Invalid age.\n\n');
    assert.match(await ask('show sess help'), /^Usage: show sess /);
    assert.equal(await ask('show sess', 'user'), 'Permission denied\n\n');
  });

  it('tells the URI on demand', async () => {
    assert.match(await ask('show sess show-uri backend be_slow'), /c_exp= uri=GET \/slow$/m);
  });

  it('hides names on demand', async () => {
    const text = await ask('set anon on 5;show sess show-uri');
    assert.doesNotMatch(text, /fe_http|be_slow|slow1|50000|\/slow/);
  });

  it('ends what it is told to end', async () => {
    await ask('shutdown session 0x1234AB');
    await ask('shutdown sessions server be_slow/slow1');
    assert.deepEqual(
      api.control.changes.splice(0).map(({ change }) => change),
      [
        { kind: 'session.kill', id: '0x1234ab' },
        { kind: 'sessions.kill-server', backend: 'be_slow', server: 'slow1' },
      ],
    );
  });

  it('has the details that were recorded', { skip: existsSync(recorded) ? false : 'no recordings here' }, async () => {
    const facts = (text: string) =>
      text
        .split('\n')
        .slice(1)
        .filter((line) => !/filters=/.test(line))
        .map((line) =>
          line
            .replace(/=\S*/g, '=')
            .replace(/0x[0-9a-f]+|[\d.]+/g, 'N')
            .trim(),
        );
    const golden = readFileSync(join(recorded, 'show-sess.one.txt'), 'latin1').replace(/^.*\n/, '');
    assert.deepEqual(new Set(facts(await ask('show sess 0x1234ab'))), new Set(facts(golden)));
  });
});

describe('show errors', () => {
  const captured = (more: Partial<CapturedError>): CapturedError => ({
    date: new Date(2026, 10, 21, 3, 42, 26, 772).getTime(),
    side: 'request',
    proxy: 'fe_http',
    proxyId: 101,
    backend: null,
    backendId: -1,
    server: null,
    serverId: -1,
    source: '127.0.0.1:32962',
    frontend: 'fe_http',
    frontendId: 101,
    eventId: 1,
    position: 28,
    parserState: 'MSG_HDR_NAME',
    bytes: Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\x01\r\n\r\n'),
    ...more,
  });
  const response = captured({
    side: 'response',
    proxy: 'be_bad',
    proxyId: 17,
    server: 'bad1',
    serverId: 1,
    source: '127.0.0.1:32956',
    eventId: 0,
    position: 23,
    bytes: Buffer.from(
      `HTTP/1.0 200 OK\r\nheader/bizarre\x01:blah\r\nLocation: blah\r\nLong-line: this is a very long line which should be broken into multiple lines on the output\r\n\r\n`,
    ),
  });

  it('shows the last invalid message of each side of each proxy', async () => {
    api.control.captured = [
      captured({ eventId: 0, date: 1, bytes: Buffer.from('old') }),
      captured({ eventId: 2 }),
      response,
    ];
    const text = await ask('show errors');
    assert.match(text, /^Total events captured on \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] : 3\n/);
    assert.equal(text.match(/invalid/g)?.length, 2);
    assert.match(text, /^ {2}backend <NONE> \(#-1\), server <NONE> \(#-1\), event #2, src 127\.0\.0\.1:32962$/m);
    assert.match(text, /^ {2}frontend fe_http \(#101\), server bad1 \(#1\), event #0, src 127\.0\.0\.1:32956$/m);
  });

  it('selects by proxy and side', async () => {
    api.control.captured = [captured({}), response];
    assert.doesNotMatch(await ask('show errors be_bad'), /frontend fe_http \(#101\): invalid/);
    assert.match(await ask('show errors 101'), /invalid request[\s\S]*invalid response/);
    assert.doesNotMatch(await ask('show errors -1 request'), /invalid response/);
    assert.equal(await ask('show errors nope'), 'No such proxy.\n\n');
  });

  it('writes bytes as they can be read', async () => {
    api.control.captured = [captured({ bytes: Buffer.from('\t\\\x1b\x7fé\n') })];
    assert.match(await ask('show errors'), /\n {2}00000 {2}\\t\\\\\\e\\x7F\\xC3\\xA9\\n\n\n$/);
  });

  it('writes what was recorded', { skip: existsSync(recorded) ? false : 'no recordings here' }, async () => {
    api.control.captured = [captured({}), response];
    const mask = (text: string) => text.replace(/\[\d\d\/\w+\/\d+:[\d:.]+\]/g, '[DATE]').replace(/0x[0-9a-f]+/g, 'N');
    const golden = readFileSync(join(recorded, 'show-errors.txt'), 'latin1').replace(/^.*\n/, '');
    assert.equal(mask(await ask('show errors')), mask(golden));
  });
});
