import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { type LoadInput, loadConfig } from '../../src/config/load.ts';
import { configuredPath } from '../../src/config/paths.ts';
import { sectionNames } from '../../src/config/section.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
after(() => rmSync(folder, { recursive: true }));

const load = (text: string, more: Partial<LoadInput> = {}) =>
  loadConfig({ texts: [{ name: 'x.cfg', text }], env: {}, ...more });
const alerts = (text: string, more: Partial<LoadInput> = {}) =>
  load(text, more)
    .diagnostics.filter((d) => d.severity === 'alert')
    .map((d) => d.text);

const benchFile = new URL('../../../shared/runtime-api/bench/bench.cfg', import.meta.url).pathname;
const debianFile = '/etc/haproxy/haproxy.cfg';

describe('loading', () => {
  it('takes the *.cfg files of a folder in lexical order', () => {
    const dir = join(folder, 'conf.d');
    mkdirSync(dir);
    for (const name of ['20-b.cfg', '10-a.cfg', '.hidden.cfg', 'notes.txt'])
      writeFileSync(join(dir, name), `backend ${name.replaceAll('.', '-').slice(0, 4)}\n`);
    const { config, documents } = loadConfig({ paths: [dir], env: {} });
    assert.deepEqual(
      documents.map((document) => document.name),
      [join(dir, '10-a.cfg'), join(dir, '20-b.cfg')],
    );
    assert.deepEqual(
      config?.proxies.map((proxy) => proxy.name),
      ['10-a', '20-b'],
    );
  });

  it('reports files that cannot be read, all of them', () => {
    const { config, diagnostics } = loadConfig({ paths: ['/nonexistent/a.cfg', '/nonexistent/b'], env: {} });
    assert.equal(config, null);
    assert.deepEqual(diagnostics.map((d) => d.text).slice(0, 2), [
      'Cannot open configuration file/directory /nonexistent/a.cfg : No such file or directory',
      'Cannot open configuration file/directory /nonexistent/b : No such file or directory',
    ]);
  });

  it('keeps the bytes of a file that is not UTF-8', () => {
    const file = join(folder, 'latin1.cfg');
    const bytes = Buffer.from('backend b\n    # caf\xe9\n    log-tag caf\xe9\n', 'latin1');
    writeFileSync(file, bytes);
    const { documents } = loadConfig({ paths: [file], env: {} });
    assert.deepEqual(Buffer.from(documents[0]!.print(), 'latin1'), bytes);
  });

  it("loads Debian's stock file without a warning", { skip: !existsSync(debianFile) }, () => {
    const { config, diagnostics } = loadConfig({ paths: [debianFile], env: {} });
    assert.deepEqual(
      diagnostics.filter((d) => !d.verbose),
      [],
    );
    assert.equal(config?.global.chroot, '/var/lib/haproxy');
    assert.deepEqual(
      config.global.logs.map((log) => log.target),
      [
        { family: 'unix', path: '/dev/log' },
        { family: 'unix', path: '/dev/log' },
      ],
    );
  });

  it('gives the bench configuration the ids that HAProxy gives', { skip: !existsSync(benchFile) }, () => {
    const refused = /stick|track-sc|cache-|blocked|\.map| ssl |ssl-|-ssl|\.pem/;
    const text = readFileSync(benchFile, 'utf8')
      .split('\n')
      .filter((line) => !refused.test(line))
      .join('\n')
      .replaceAll('@BENCH@', '/tmp/bench');
    const { config, diagnostics } = load(text);
    assert.deepEqual(
      diagnostics.filter((d) => d.severity === 'alert'),
      [],
    );
    const ids = Object.fromEntries(config!.proxies.map((proxy) => [proxy.name, proxy.id]));
    assert.deepEqual(
      [ids.fe_http, ids.fe_https, ids.li_stats, ids.be_app, ids.be_slow, ids.be_ssl, ids.tbl_bin, ids.fe_off],
      [101, 2, 4, 201, 5, 10, 15, 19],
    );
    const app = config!.proxies.find((proxy) => proxy.name === 'be_app')!;
    assert.deepEqual(
      app.servers.map((server) => [server.name, server.id]),
      [
        ['s1', 11],
        ['s2', null],
        ['s3', null],
      ],
    );
    const dns = config!.proxies.find((proxy) => proxy.name === 'be_dns')!;
    assert.deepEqual(
      dns.servers.map((server) => server.name),
      ['d1', 'd2', 'tpl1', 'tpl2'],
    );
    assert.deepEqual(
      config!.defaults.map((section) => section.name),
      ['dyn1', 'dyn2'],
    );
  });

  it('starts proxy ids at 1 without a statistics socket, and leaves out those that are forced', () => {
    const { config } = load('backend a\nbackend b\n id 3\nbackend c\nbackend d\n');
    assert.deepEqual(
      config?.proxies.map((proxy) => proxy.id),
      [1, 3, 2, 4],
    );
  });

  it('stops after 50 alerts in a file, unless it is to know about every line', () => {
    const text = `backend b\n${'  nonsense\n'.repeat(60)}`;
    assert.equal(alerts(text).length, 50 + 3);
    assert.equal(alerts(text, { exhaustive: true }).length, 60 + 2);
  });

  it('refuses a last line without end and stray NUL characters', () => {
    assert.deepEqual(
      alerts('global\n maxconn 10')[0],
      'Missing LF on last line, file might have been truncated at position 12.',
    );
    assert.deepEqual(alerts('global\n max\0conn 10\n')[0], 'Stray NUL character at position 5.');
  });

  it('keeps the name given on the command line as local peer', () => {
    const { config, diagnostics } = load('global\n localpeer other\n', { localpeer: 'mine' });
    assert.equal(config?.global.localpeer, 'mine');
    assert.equal(
      diagnostics[0]?.text,
      "'localpeer' ignored since it is already set by using the '-L' command line argument.",
    );
  });

  it('hands out plain data', () => {
    const { config } = load(
      'global\n stats socket /x\nlisten l\n bind :80\n timeout client 1s\n server a 1.1.1.1:80 check\n timeout server 1s\n timeout connect 1s\n',
    );
    assert.deepEqual(structuredClone(config), config);
  });

  it('loads 10,000 servers in well under a second', () => {
    const servers = Array.from(
      { length: 10_000 },
      (_, i) => ` server s${i} 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:80 check weight 10\n`,
    ).join('');
    // Time of the processor: on a busy machine others have some of the clock's.
    const start = process.cpuUsage();
    const { config } = load(`backend b\n timeout server 1s\n timeout connect 1s\n${servers}`);
    assert.equal(config?.proxies[0]?.servers.length, 10_000);
    assert.ok(process.cpuUsage(start).user < 2_000_000, 'µs');
  });

  it('finds files where default-path says', () => {
    assert.equal(configuredPath('a.http', '/etc/x/h.cfg', []), 'a.http');
    assert.equal(configuredPath('a.http', '/etc/x/h.cfg', ['config']), '/etc/x/a.http');
    assert.equal(configuredPath('a.http', '/etc/x/h.cfg', ['parent']), '/etc/a.http');
    assert.equal(configuredPath('a.http', '/etc/x/h.cfg', ['origin', '/srv']), '/srv/a.http');
    assert.equal(configuredPath('/a.http', '/etc/x/h.cfg', ['origin', '/srv']), '/a.http');
  });
});

describe('whatever the text, loading', () => {
  const check = (text: string) => {
    const { config, diagnostics, documents } = load(text);
    assert.equal(documents[0]!.print(), text);
    assert.equal(
      config === null,
      diagnostics.some((d) => d.severity === 'alert'),
    );
    assert.ok(diagnostics.length <= 3 * text.length + 60);
  };

  it('ends with a configuration or an alert on random bytes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), check));
  });

  it('ends with a configuration or an alert on what looks like a configuration', () => {
    const vocabulary = [
      ...sectionNames(),
      'bind',
      'server',
      'option',
      'httpchk',
      'forwardfor',
      'except',
      'stats',
      'socket',
      'timeout',
      'client',
      'log',
      'global',
      'balance',
      'uri',
      'depth',
      'hdr(x)',
      'cookie',
      'insert',
      'domain',
      'acl',
      'use_backend',
      'if',
      'unless',
      'http-request',
      'deny',
      'no',
      'default',
      'default-server',
      'server-template',
      'check',
      'track',
      'source',
      'interface',
      'id',
      '1',
      '0',
      '-1',
      '1-3',
      '80',
      ':80',
      '10.0.0.1:80',
      '::1',
      '10s',
      '16k',
      'a',
      'b',
      'a/b',
      'from',
      'constructor',
      '__proto__',
      'toString',
      '"',
      "'",
      '\\',
      '#',
      '"$X"',
      '"$' + '{X[*]}"',
      '{',
      '}',
      '.if',
      '.else',
      '.endif',
      'defined(X)',
      'user',
      'password',
      'nameserver',
      'hold',
      'errorfile',
      '400',
      '/dev/null',
      'stick',
      'ssl',
      'crt',
      'maxconn',
      'weight',
      'resolvers',
      'redirect',
      'capture',
      'rate-limit',
      'sessions',
    ];
    const line = fc.array(fc.constantFrom(...vocabulary), { maxLength: 7 }).map((words) => `${words.join(' ')}\n`);
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 40 }).map((lines) => lines.join('')),
        check,
      ),
      { numRuns: 400 },
    );
  });
});
