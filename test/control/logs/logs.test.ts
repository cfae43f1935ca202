import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../../src/config/types.ts';
import { prepareLogs } from '../../../src/control/logs/addresses.ts';
import { createLogs, type ProcessLogs } from '../../../src/control/logs/logs.ts';
import { libcProblem } from '../../../src/util/libc.ts';
import { receiveUnixDatagrams } from '../../util/unix-datagrams.ts';
import { logConfig, logProxy, logTarget, named, ring, udp } from './config.ts';

process.env['TZ'] = 'UTC';
const folder = mkdtempSync(join(tmpdir(), 'sluice-logs-'));
after(() => rmSync(folder, { recursive: true }));

const DATE = Date.UTC(2026, 10, 21, 6, 14, 6) + 977.578;
const pid = process.pid;
const NO_ADDRESSES: ReadonlyMap<string, string> = new Map<string, string>();

/** A UDP socket that keeps what it receives. */
async function receiver(t: TestContext, host = '127.0.0.1') {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const lines: string[] = [];
  socket.on('message', (datagram) => lines.push(datagram.toString('latin1')));
  socket.bind(0, host);
  await once(socket, 'listening');
  t.after(() => socket.close());
  const received = async (count: number) => {
    while (lines.length < count) await once(socket, 'message');
    return lines.splice(0);
  };
  return { port: socket.address().port, received };
}

function open(t: TestContext, config: Config, addresses = NO_ADDRESSES, threads = 2): ProcessLogs {
  const proxyById = (id: number) => (id === 1 ? logProxy(config, 'fe') : undefined);
  const logs = createLogs(config, addresses, { proxyById, threads });
  t.after(() => logs.close());
  return logs;
}

describe('a UDP target', () => {
  const text =
    'Server b/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms.';

  it('gets the bytes that HAProxy sends, cut at `len` before the line end', async (t) => {
    const { port, received } = await receiver(t);
    const lines = [
      logTarget(udp(port)),
      logTarget(udp(port), { format: 'rfc3164', facility: 'local1', minLevel: 'notice' }),
      logTarget(udp(port), { format: 'rfc5424', facility: 'daemon', maxLength: 100 }),
      logTarget(udp(port), { format: 'raw', maxLength: 80 }),
    ];
    open(t, logConfig(lines)).send(null, 1, text, null, DATE);
    const rfc5424 = `<25>1 2026-11-21T06:14:06.977578+00:00 - haproxy ${pid} - - ${text}`;
    assert.deepEqual(await received(4), [
      `<129>Nov 21 06:14:06 haproxy[${pid}]: ${text}\n`,
      `<141>Nov 21 06:14:06 ${hostname()} haproxy[${pid}]: ${text}\n`,
      `${rfc5424.slice(0, 100)}\n`,
      'Server b/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refuse\n',
    ]);
  });

  it('is reached over IPv6 too', async (t) => {
    const { port, received } = await receiver(t, '::1').catch(() => ({ port: 0, received: null }));
    if (received === null) return t.skip('no IPv6 here');
    open(t, logConfig([logTarget(udp(port, '::1'), { format: 'raw' })])).send(null, 6, 'six');
    assert.deepEqual(await received(1), ['six\n']);
    return undefined;
  });

  it('gets only levels up to its own', async (t) => {
    const { port, received } = await receiver(t);
    const logs = open(t, logConfig([logTarget(udp(port), { format: 'short', level: 'warning', minLevel: 'err' })]));
    for (let level = 0; level <= 7; level++) logs.send(null, level, `level ${level}`);
    assert.deepEqual(
      await received(5),
      [0, 1, 2, 3, 4].map((level) => `<${Math.max(3, level)}>level ${level}\n`),
    );
  });

  it('gets its sample of the lines', async (t) => {
    const { port, received } = await receiver(t);
    const sample = {
      ranges: [
        [1, 1],
        [3, 4],
      ] as const,
      size: 5,
    };
    const logs = open(t, logConfig([logTarget(udp(port), { format: 'raw', sample })]));
    for (let i = 1; i <= 10; i++) logs.send(null, 6, `${i}`);
    assert.deepEqual(await received(6), ['1\n', '3\n', '4\n', '6\n', '8\n', '9\n']);
  });

  it('is found by name when the configuration is read', async (t) => {
    const { port, received } = await receiver(t);
    const config = logConfig([logTarget(named('logs.test', port), { format: 'raw' })]);
    const { addresses, diagnostics } = await prepareLogs(config, async (host) =>
      host === 'logs.test' ? '127.0.0.1' : null,
    );
    assert.deepEqual(diagnostics, []);
    open(t, config, addresses).send(null, 6, 'found');
    assert.deepEqual(await received(1), ['found\n']);
  });
});

describe('the targets of a proxy', () => {
  it('are its own, with its tag, and the host name that is to be sent', async (t) => {
    const { port, received } = await receiver(t);
    const target = logTarget(udp(port), { format: 'rfc3164' });
    const global = { logTag: 'edge', logSendHostname: 'myhost' };
    const proxies = [
      { name: 'fe', logs: [target], logTag: 'fe-tag' },
      { name: 'be', logs: [target] },
      { name: 'quiet', logs: [] },
    ];
    const config = logConfig([], [], proxies, global);
    const logs = open(t, config);
    logs.send(null, 6, 'nowhere');
    logs.send(logProxy(config, 'quiet'), 6, 'nowhere');
    logs.send(logProxy(config, 'fe'), 6, 'one', null, DATE);
    logs.send(logProxy(config, 'be'), 6, 'two', null, DATE);
    assert.deepEqual(await received(2), [
      `<134>Nov 21 06:14:06 myhost fe-tag[${pid}]: one\n`,
      `<134>Nov 21 06:14:06 myhost edge[${pid}]: two\n`,
    ]);
    assert.equal(logs.dropped, 0);
  });

  it('get the lines of several threads in the order in which they were made', async (t) => {
    const { port, received } = await receiver(t);
    const logs = open(t, logConfig([], [], [{ name: 'fe', logs: [logTarget(udp(port), { format: 'raw' })] }]));
    const now = Date.now();
    const batch = (...made: readonly number[]) =>
      logs.sendBatch(
        made.map((ms) => ({
          ...{ proxy: 1, level: 6, text: String(ms), sd: null, binary: false, date: now - ms, made: now + ms },
        })),
      );
    batch(-19, -15, -2);
    batch(-20, -15.5, -1, 3_600_000);
    assert.deepEqual(await received(7), ['-20\n', '-19\n', '-15.5\n', '-15\n', '-2\n', '-1\n', '3600000\n']);
  });

  it('get the lines of a thread that is alone at once', (t) => {
    const target = logTarget({ family: 'ring', name: 'kept' }, { format: 'raw' });
    const config = logConfig([], [ring('kept')], [{ name: 'fe', logs: [target] }]);
    const logs = open(t, config, NO_ADDRESSES, 1);
    const line = { proxy: 1, level: 6, sd: null, binary: false, date: DATE, made: DATE };
    logs.sendBatch([
      { ...line, text: 'one' },
      { ...line, text: 'two' },
    ]);
    assert.deepEqual(logs.rings.get('kept')!.lines(), ['one', 'two']);
  });

  it('get the lines of traffic threads, with their dates; those of removed proxies go nowhere', async (t) => {
    const { port, received } = await receiver(t);
    const logs = open(t, logConfig([], [], [{ name: 'fe', logs: [logTarget(udp(port), { format: 'rfc5424' })] }]));
    const line = { proxy: 1, level: 6, text: 'GET /', sd: '[a@1 b="c"]', binary: false, date: DATE, made: DATE };
    const forging = { ...line, sd: null, text: 'a\nforged line' };
    logs.sendBatch([line, { ...line, proxy: 2 }, forging, { ...forging, binary: true }]);
    const header = `<134>1 2026-11-21T06:14:06.977578+00:00 - haproxy ${pid} - `;
    assert.deepEqual(await received(3), [
      `${header}[a@1 b="c"] GET /\n`,
      `${header}- a#0Aforged line\n`,
      `${header}- a\nforged line\n`,
    ]);
  });

  it('change with the configuration', async (t) => {
    const { port, received } = await receiver(t);
    const logs = open(t, logConfig([logTarget(udp(port), { format: 'raw' })], [ring('kept'), ring('gone')]));
    logs.rings.get('kept')!.write('before');
    logs.configure(
      logConfig(
        [logTarget({ family: 'ring', name: 'kept' }), logTarget(udp(port), { format: 'short' })],
        [ring('kept')],
      ),
      NO_ADDRESSES,
    );
    logs.send(null, 6, 'after');
    assert.deepEqual(await received(1), ['<6>after\n']);
    assert.deepEqual(logs.rings.get('kept')!.lines(), ['before', 'after']);
    assert.deepEqual([...logs.rings.keys()], ['stdout', 'stderr', 'buf0', 'dpapi', 'kept']);
  });
});

describe('a target that cannot take lines', () => {
  it('costs lines that are counted, and never an error', { skip: libcProblem() ?? false }, async (t) => {
    const logs = open(
      t,
      logConfig([
        logTarget({ family: 'unix', path: join(folder, 'absent') }),
        logTarget({ family: 'fd', fd: 9999 }),
        logTarget(udp(9), { maxLength: 65_535 }),
        logTarget(named('never-resolved.test')),
        logTarget({ family: 'ring', name: 'absent' }),
      ]),
    );
    logs.send(null, 6, 'x'.repeat(65_535));
    while (logs.dropped < 5) await turn();
    assert.equal(logs.dropped, 5);
  });

  it('that reads nothing keeps a bounded queue and does not make the sender wait', async (t) => {
    const reader = spawn('sleep', ['30'], { stdio: ['pipe', 'ignore', 'ignore'] });
    t.after(() => reader.kill());
    const fd = (reader.stdin as unknown as { _handle: { fd: number } })._handle.fd;
    const logs = open(t, logConfig([logTarget({ family: 'fd', fd }, { format: 'raw' })]));
    const started = performance.now();
    for (let i = 0; i < 3000; i++) logs.send(null, 6, 'x'.repeat(1000));
    assert.ok(performance.now() - started < 2000);
    assert.ok(logs.dropped > 1500 && logs.dropped < 3000, `${logs.dropped} dropped`);
  });
});

describe('a unix socket', { skip: libcProblem() ?? false }, () => {
  it('gets lines as /dev/log does, by path or abstract name', (t) => {
    const path = join(folder, 'log');
    const abstract = `sluice-logs-${pid}`;
    const byPath = receiveUnixDatagrams(path);
    const byName = receiveUnixDatagrams(`\0${abstract}`);
    t.after(() => {
      byPath.close();
      byName.close();
    });
    const logs = open(
      t,
      logConfig([logTarget({ family: 'unix', path }), logTarget({ family: 'abns', path: abstract, short: true })]),
    );
    logs.send(null, 6, 'hello', null, DATE);
    assert.equal(byPath.read(), `<134>Nov 21 06:14:06 haproxy[${pid}]: hello\n`);
    assert.equal(byName.read(), `<134>Nov 21 06:14:06 haproxy[${pid}]: hello\n`);
    assert.equal(logs.dropped, 0);
  });

  it('gets lines though a chroot hides its path, and those of a later receiver of that path', (t) => {
    const path = join(folder, 'hidden');
    const first = receiveUnixDatagrams(path);
    const logs = open(t, logConfig([logTarget({ family: 'unix', path }, { format: 'raw' })]));
    rmSync(path);
    logs.send(null, 6, 'one');
    assert.equal(first.read(), 'one\n');
    const second = receiveUnixDatagrams(path);
    logs.send(null, 6, 'two');
    assert.equal(second.read(), 'two\n');
    assert.equal(first.read(), null);
    first.close();
    second.close();
    assert.equal(logs.dropped, 0);
  });
});

describe('standard streams and descriptors', () => {
  it('get lines in order, on files at once', async (t) => {
    const file = join(folder, 'lines');
    const fd = openSync(file, 'w');
    t.after(() => closeSync(fd));
    const logs = open(t, logConfig([logTarget({ family: 'fd', fd }, { format: 'raw' })]));
    logs.send(null, 6, 'one');
    logs.send(null, 6, 'two');
    assert.equal(readFileSync(file, 'latin1'), 'one\ntwo\n');
  });

  const source = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));

  it('are written before the logs are closed, when they are pipes', () => {
    const script = `
      import { createLogs } from ${source('../../../src/control/logs/logs.ts')};
      import { logConfig, logTarget } from ${source('./config.ts')};
      const config = logConfig([logTarget({ family: 'stdout' }, { format: 'raw' }), logTarget({ family: 'stderr' }, { format: 'short' })]);
      const logs = createLogs(config, new Map(), { proxyById: () => undefined, threads: 1 });
      for (let i = 0; i < 2000; i++) logs.send(null, 5, 'line ' + i);
      await logs.close();`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'latin1',
    });
    const numbers = Array.from({ length: 2000 }, (_, i) => i);
    assert.equal(stdout, numbers.map((i) => `line ${i}\n`).join(''));
    assert.equal(stderr, numbers.map((i) => `<5>line ${i}\n`).join(''));
  });

  for (const stdout of ['pipe', 'socket'] as const) {
    it(`do not keep the process from stopping when nobody reads a ${stdout}`, async (t) => {
      const script = `
        import { createLogs } from ${source('../../../src/control/logs/logs.ts')};
        import { logConfig, logTarget } from ${source('./config.ts')};
        const config = logConfig([logTarget({ family: 'stdout' }, { format: 'raw' })]);
        const logs = createLogs(config, new Map(), { proxyById: () => undefined, threads: 1 });
        for (let i = 0; i < 3000; i++) logs.send(null, 5, 'x'.repeat(1000));
        console.error(logs.dropped);
        process.exit(7);`;
      const node = [process.execPath, '--input-type=module', '-e', script] as const;
      // A shell makes a pipe, Node's own are sockets.
      const child =
        stdout === 'socket'
          ? spawn(node[0], node.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
          : spawn('sh', ['-c', '{ "$@"; echo "status $?" >&2; } | sleep 30', 'sh', ...node], {
              stdio: ['ignore', 'ignore', 'pipe'],
              detached: true,
            });
      t.after(() => {
        if (stdout === 'pipe') process.kill(-child.pid!);
      });
      let stderr = '';
      child.stderr!.on('data', (chunk) => {
        stderr += chunk;
      });
      if (stdout === 'socket') assert.deepEqual(await once(child, 'exit'), [7, null]);
      else while (!stderr.includes('status 7')) await once(child.stderr!, 'data');
      const dropped = Number.parseInt(stderr, 10);
      assert.ok(dropped > 1000 && dropped < 3000, stderr);
    });
  }
});

describe('a ring section', () => {
  it('has its own format and length, whatever the log line says', (t) => {
    const rings = [ring('r1', { format: 'rfc3164', maxLength: 60, description: 'first' }), ring('r2')];
    const log = (name: string) => logTarget({ family: 'ring', name }, { format: 'rfc5424', facility: 'local3' });
    const logs = open(t, logConfig([log('r1'), log('r2'), log('buf0')], rings, [], { logSendHostname: 'host' }));
    logs.send(null, 1, 'Server b/s1 is DOWN, reason: Layer4', null, DATE);
    const long = `<153>Nov 21 06:14:06 host haproxy[${pid}]: Server b/s1 is DOWN, reason: Layer4`;
    assert.deepEqual(logs.rings.get('r1')!.lines(), [long.slice(0, 60)]);
    assert.deepEqual(logs.rings.get('r2')!.lines(), ['Server b/s1 is DOWN, reason: Layer4']);
    assert.deepEqual(logs.rings.get('buf0')!.lines(), [
      '<1>2026-11-21T06:14:06.977578+00:00 Server b/s1 is DOWN, reason: Layer4',
    ]);
    const listed = [...logs.rings.values()].map(
      ({ name, type, description, dropped }) => `${name} ${type} ${dropped} ${description}`,
    );
    assert.deepEqual(listed, [
      'stdout fd 0 standard output (fd#1)',
      'stderr fd 0 standard output (fd#2)',
      'buf0 buffer 0 in-memory ring buffer',
      'dpapi buffer 0 DPAPI ring buffer',
      'r1 buffer 0 first',
      'r2 buffer 0 r2',
    ]);
  });

  /** A log server over TCP; `next(n)` waits until it has n bytes. */
  async function logServer(t: TestContext, port = 0) {
    const sockets: Socket[] = [];
    let data = '';
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('data', (chunk) => {
        data += chunk.toString('latin1');
        server.emit('bytes');
      });
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const next = async (length: number) => {
      while (data.length < length) await once(server, 'bytes');
      const taken = data;
      data = '';
      return taken;
    };
    return { server, sockets, next, port: (server.address() as { port: number }).port };
  }

  it('sends its lines to its servers, framed as they want', async (t) => {
    const plain = await logServer(t);
    const counted = await logServer(t);
    const servers = [{ address: udp(plain.port) }, { address: udp(counted.port), logProto: 'octet-count' as const }];
    const config = logConfig([logTarget({ family: 'ring', name: 'r' })], [ring('r', { servers: servers as never })]);
    const logs = open(t, config);
    logs.send(null, 6, 'one');
    logs.send(null, 6, 'and two');
    assert.equal(await plain.next(12), 'one\nand two\n');
    assert.equal(await counted.next(14), '3 one7 and two');
    logs.send(null, 6, 'three');
    assert.equal(await plain.next(6), 'three\n');
    assert.equal(logs.rings.get('r')!.dropped, 0);
  });

  it('connects again after the server went away, with the lines that came meanwhile', async (t) => {
    const first = await logServer(t);
    const config = logConfig(
      [logTarget({ family: 'ring', name: 'r' })],
      [ring('r', { servers: [{ address: udp(first.port) as never }] })],
    );
    const logs = open(t, config);
    logs.send(null, 6, 'one');
    assert.equal(await first.next(4), 'one\n');
    first.server.close();
    const closed = once(first.sockets[0]!, 'close');
    first.sockets[0]!.destroy();
    await closed;
    // The forwarder notices by its own end of the connection.
    for (let i = 0; i < 5; i++) await turn();
    logs.send(null, 6, 'two');
    const second = await logServer(t, first.port);
    assert.equal(await second.next(4), 'two\n');
  });

  it('keeps a connection whose target stays over a reload, and ends the others', async (t) => {
    const kept = await logServer(t);
    const gone = await logServer(t);
    const section = (...ports: number[]) =>
      ring('r', { servers: ports.map((port) => ({ address: udp(port) as never })) });
    const log = logTarget({ family: 'ring', name: 'r' });
    const logs = open(t, logConfig([log], [section(kept.port, gone.port)]));
    logs.send(null, 6, 'one');
    await Promise.all([kept.next(4), gone.next(4)]);
    const ended = once(gone.sockets[0]!, 'end');
    logs.configure(logConfig([log], [section(kept.port)]), NO_ADDRESSES);
    await ended;
    logs.send(null, 6, 'two');
    assert.equal(await kept.next(4), 'two\n');
    assert.equal(kept.sockets.length, 1);
  });
});

describe('a configuration whose logs cannot work', () => {
  it('is refused in HAProxy’s words', async () => {
    const config = logConfig(
      [logTarget(named('nosuch.invalid')), logTarget({ family: 'ring', name: 'nope' })],
      [ring('x', { servers: [{ name: 'a', address: named('nosuch2.invalid', 1) as never }] })],
      [{ name: 'f', logs: [logTarget({ family: 'ring', name: 'stdout' })] }],
    );
    const { diagnostics } = await prepareLogs(config, async () => null);
    assert.deepEqual(
      diagnostics.map(({ severity, text }) => `${severity}: ${text}`),
      [
        "alert: log : invalid address: 'nosuch.invalid' in 'nosuch.invalid:514'",
        "alert: global log server declared in file 'test.cfg' at line 7 uses unknown ring named 'nope'.",
        "alert: log server declared in proxy section 'f' in file 'test.cfg' at line 7 uses incompatible ring 'stdout'.",
        "alert: 'server x/a' : invalid address: 'nosuch2.invalid' in 'nosuch2.invalid:1'",
      ],
    );
  });
});
