import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { cliBytes, parseCsv } from '../support/cli.ts';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { freePort, listeningPorts } from '../support/ports.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { until } from '../support/wait.ts';

// Clients that people have: unmodified programs where Debian has them, recorded byte sequences where not.

const a = await origin({ after }, 'a');
const b = await origin({ after }, 'b');
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    stats socket 127.0.0.1:{port:tcp} level admin
    stats timeout 30s
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend web
    bind {addr:web}
    default_backend app
backend app
    balance roundrobin
    server a {addr:a} check inter 500ms
    server b {addr:b} check inter 500ms
`,
  { ports: { a, b } },
);
const admin = run.sock('admin');
await run.status('app/a', 'UP');

const missing = (path: string) => ({ skip: existsSync(path) ? false : `${path} is not installed` });

test('socat: one line, many lines, over unix and TCP', missing('/usr/bin/socat'), async () => {
  const socat = (address: string, input: string) =>
    new Promise<string>((resolve, reject) => {
      const child = execFile('socat', ['-t5', 'stdio', address], (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
      child.stdin?.end(input);
    });
  assert.match(await socat(admin, 'show info\n'), /^Name: \S+\nVersion: \S+\n/);
  assert.equal(
    await socat(`unix-connect:${admin}`, 'get weight app/a;get weight app/b\n'),
    '1 (initial 1)\n\n1 (initial 1)\n\n',
  );
  assert.match(await socat(`tcp:127.0.0.1:${run.port('tcp')}`, 'show stat\n'), /^# pxname,svname,/);
});

test('nc -U: several commands after prompt', missing('/usr/bin/nc'), async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const child = execFile('nc', ['-U', admin], (error, stdout) => (error ? reject(error) : resolve(stdout)));
    child.stdin?.end('prompt\nshow cli level\nget weight app/a\nquit\n');
  });
  assert.equal(answer, '\n> admin\n\n> 1 (initial 1)\n\n> ');
});

test('hatop: shows the servers; F9, F10 and the weight keys work', missing('/usr/bin/hatop'), async (t) => {
  const screen = terminal(t, `hatop -s ${admin} -i 1`);
  await screen.shows(/HAProxy Version|HATop/i);
  await screen.shows(/\ba\s+\d+.*UP|\ba .*UP/);
  screen.key('1');
  // The list: FRONTEND of web, BACKEND of app, a, b ... go down to server a.
  await screen.select(/^>?\s*a\s/m);
  screen.key('F10');
  await until('server a to be in maintenance', async () => (await run.row('app/a'))['status'] === 'MAINT');
  await screen.shows(/\ba .*MAINT/);
  screen.key('F9');
  await until('server a to be back', async () => (await run.row('app/a'))['status']?.startsWith('UP'));
  for (const [key, weight] of [
    ['F8', '11'],
    ['F7', '12'],
    ['F5', '2'],
    ['F4', '1'],
  ] as const) {
    screen.key(key);
    await until(`weight ${weight} after ${key}`, async () => (await run.row('app/a'))['weight'] === weight);
    await screen.shows(new RegExp(`\\ba +${weight}\\b`)); // it counts from what it shows
  }
  screen.key('q');
});

test(
  'prometheus-haproxy-exporter: reads everything, no parse failures',
  missing('/usr/bin/prometheus-haproxy-exporter'),
  async (t) => {
    await get(run.port('web'));
    const port = await freePort();
    const exporter = spawn('prometheus-haproxy-exporter', [
      `--web.listen-address=127.0.0.1:${port}`,
      `--haproxy.scrape-uri=unix:${admin}`,
    ]);
    t.after(() => exporter.kill());
    await until('the exporter to listen', () => listeningPorts().has(port), { every: 20 });
    const metrics = (await get(port, '/metrics')).text;
    assert.match(metrics, /^haproxy_up 1$/m);
    assert.match(metrics, /^haproxy_exporter_csv_parse_failures_total 0$/m);
    assert.match(metrics, /^haproxy_version_info\{release_date="[^"]+",version="[^"]+"\} 1$/m);
    assert.match(metrics, /^haproxy_server_up\{backend="app",server="a"\} 1$/m);
    assert.match(metrics, /^haproxy_frontend_http_requests_total\{frontend="web"\} [1-9]/m);
  },
);

/** What community.general.haproxy does: one connection, one line, everything up to the end. */
const ansible = (line: string) => cliBytes(admin, `${line}\n`, { halfClose: false });

test('Ansible: the module disables, waits until it is so, and enables', async () => {
  const columns = async () => {
    const [head, ...rows] = (await ansible('show stat')).replace(/^# /, '').trimEnd().split('\n');
    return parseCsv([`# ${head}`, ...rows].join('\n'));
  };
  const backends = (await columns()).filter((row) => row['svname'] === 'BACKEND').map((row) => row['pxname']);
  assert.deepEqual(backends, ['app']);
  assert.match(await ansible('show info'), /^Version: \d+\.\d+/m);
  const answer = await ansible(
    'get weight app/a ; disable agent app/a ; disable health app/a ; disable server app/a ; shutdown sessions server app/a',
  );
  assert.match(answer, /^1 \(initial 1\)\n/);
  assert.equal((await columns()).find((row) => row['svname'] === 'a')?.['status'], 'MAINT');
  await ansible(
    'get weight app/a ; enable server app/a ; enable agent app/a ; enable health app/a ; set weight app/a 100%',
  );
  await until('server a to be up', async () =>
    (await columns()).find((row) => row['svname'] === 'a')?.['status']?.includes('UP'),
  );
  await ansible('set server app/a state drain');
  const drained = (await columns()).find((row) => row['svname'] === 'a');
  assert.match(drained?.['status'] ?? '', /DRAIN/);
  assert.equal(drained?.['scur'], '0');
  await ansible('set server app/a state ready');
});

/** What the Go client library does: a connection for each command, the severity in front of messages. */
const goClient = async (command: string) =>
  (await cliBytes(admin, `set severity-output number;${command}\n`, { halfClose: false })).trim();

test('Go client: errors carry their severity, answers do not', async () => {
  assert.match(await goClient('help'), /The following commands are valid at this level:/);
  assert.match(await goClient('disable server app/nobody'), /^\[3\]: No such server\.$/);
  assert.equal(await goClient('set server app/a state drain'), '');
  const state = (await goClient('show servers state app')).split('\n');
  assert.equal(state[0], '1');
  const row = state.find((line) => line.split(' ')[3] === 'a')?.split(' ') ?? [];
  assert.ok(row.length >= 21);
  assert.equal(row[6], '8', 'drain by the administrator');
  assert.equal(await goClient('set server app/a state ready'), '');
  assert.match(await goClient('show info typed'), /^0\.Name\.\d\.?/m);
  assert.match(await goClient('show stat -1 4 -1'), /^# pxname,/);
});

test(
  'Go client: dynamic servers are added and deleted',
  unlessHaproxy26('no enabled health of a new server by default'),
  async () => {
    assert.match(await goClient(`add server app/new 127.0.0.1:${b.port}`), /^\[[56]\]: New server registered\.$/);
    assert.equal(await goClient('enable server app/new'), '');
    assert.equal((await run.row('app/new'))['status'], 'no check');
    assert.equal(await goClient('set server app/new state maint'), '');
    assert.match(await goClient('del server app/new'), /Server deleted\.$/);
  },
);

test('a client that keeps its connection and sends a second line finds it closed', async () => {
  const socket = dial(admin);
  socket.resume().write('show version\n');
  await new Promise((resolve) => socket.once('end', resolve));
  socket.destroy();
});

interface Screen {
  key(name: string): void;
  text(): string;
  shows(pattern: RegExp): Promise<void>;
  /** Moves the cursor down until the highlighted line matches. */
  select(pattern: RegExp): Promise<void>;
}

function terminal(t: TestContext, command: string): Screen {
  const session = `clients-${process.pid}`;
  const tmux = (...args: string[]) => execFileSync('tmux', ['-L', session, ...args], { encoding: 'utf8' });
  tmux(
    '-f',
    '/dev/null',
    'new-session',
    '-d',
    '-x',
    '140',
    '-y',
    '40',
    '-s',
    'w',
    `TERM=screen ${command} 2>&1; sleep 5`,
  );
  t.after(() => {
    try {
      tmux('kill-server');
    } catch {} // it has ended by itself
  });
  const text = () => tmux('capture-pane', '-p', '-t', 'w');
  const highlighted = () => {
    const lines = tmux('capture-pane', '-p', '-e', '-t', 'w').split('\n');
    const strip = (line: string) => line.replace(/\x1b\[[0-9;]*m/g, '');
    return lines.filter((line) => /\x1b\[[0-9;]*7m/.test(line)).map(strip);
  };
  const key = (name: string) => {
    tmux('send-keys', '-t', 'w', name);
  };
  return {
    key,
    text,
    shows: async (pattern) => {
      await until(
        () => `${pattern} on the screen:\n${text()}`,
        () => pattern.test(text()),
        { every: 50 },
      );
    },
    select: async (pattern) => {
      await until(
        () => `${pattern} to be highlighted:\n${highlighted().join('\n')}\n${text()}`,
        () => {
          if (highlighted().some((line) => pattern.test(line))) return true;
          key('Down');
          return false;
        },
        { every: 150 },
      );
    },
  };
}
