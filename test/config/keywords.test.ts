import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { configurationReference } from '../../scripts/docs-configuration.ts';
import { newGlobal } from '../../src/config/draft-global.ts';
import { noHealthCheck } from '../../src/config/draft-proxy.ts';
import { ACME_KEYWORDS } from '../../src/config/keywords/acme.ts';
import { BIND_OPTIONS } from '../../src/config/keywords/bind.ts';
import { CRT_STORE_KEYWORDS } from '../../src/config/keywords/crt-store.ts';
import { GLOBAL_KEYWORDS } from '../../src/config/keywords/global.ts';
import { PROXY_OPTIONS } from '../../src/config/keywords/options.ts';
import { PROXY_KEYWORDS } from '../../src/config/keywords/proxy.ts';
import { RECOGNISED_SECTIONS } from '../../src/config/keywords/recognised.ts';
import { SERVER_OPTIONS } from '../../src/config/keywords/server.ts';
import { listKeywords } from '../../src/config/list.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseServerLine } from '../../src/config/server.ts';

const keywordFile = new URL('../../../shared/keywords/cfg.txt', import.meta.url).pathname;

/** Lines of a -dK list: the words of each, with the section that it stands under. */
function listed(text: string): { section: string; words: string[] }[] {
  let section = '';
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('\t')) return [{ section, words: line.trim().split(' ') }];
    section = line;
    return [];
  });
}

/** Whether a table knows the keyword of a line of the list. */
function isKnown({ section, words }: { section: string; words: string[] }): boolean {
  const [first, second, third] = words as [string, string?, string?];
  if (section === 'global') return GLOBAL_KEYWORDS.find(words) !== undefined;
  if (section === 'userlist') return true;
  if (section === 'acme') return ACME_KEYWORDS.find(words) !== undefined;
  if (section === 'crt-store') return CRT_STORE_KEYWORDS.find(words) !== undefined;
  if (section !== 'listen')
    return (
      section === 'crt-list' ||
      RECOGNISED_SECTIONS.some((known) => known.name === section && known.keywords.includes(first))
    );
  if (first === 'bind') return BIND_OPTIONS.find(third === 'ssl' ? words[3]! : third!) !== undefined;
  if (first === 'server') return SERVER_OPTIONS.find(words[3]!) !== undefined;
  if (first === 'option') return PROXY_OPTIONS.get(second!) !== undefined;
  return PROXY_KEYWORDS.find(words) !== undefined;
}

/** Keywords that HAProxy compares by hand, so that its own list lacks them (manual, section 4.1). */
const BY_HAND = [
  'acl',
  'backlog',
  'balance',
  'bind',
  'bind-process',
  'capture',
  'cookie',
  'default-server',
  'default_backend',
  'description',
  'disabled',
  'dispatch',
  'dynamic-cookie-key',
  'email-alert',
  'enabled',
  'error-log-format',
  'force-persist',
  'fullconn',
  'hash-type',
  'hash-balance-factor',
  'http-after-response',
  'http-request',
  'http-response',
  'http-reuse',
  'http-send-name-header',
  'id',
  'ignore-persist',
  'load-server-state-from-file',
  'log',
  'log-format',
  'log-format-sd',
  'log-tag',
  'maxconn',
  'mode',
  'monitor',
  'monitor-uri',
  'option',
  'persist',
  'redirect',
  'retries',
  'server',
  'server-state-file-name',
  'server-template',
  'source',
  'stats',
  'stick',
  'stick-table',
  'transparent',
  'unique-id-format',
  'unique-id-header',
  'use_backend',
  'use-server',
];

describe('keyword tables', () => {
  it('know every keyword that HAProxy 3.4 lists', { skip: !existsSync(keywordFile) }, () => {
    const unknown = listed(readFileSync(keywordFile, 'utf8')).filter((line) => !isKnown(line));
    assert.deepEqual(unknown, []);
  });

  it('know the keywords that are in no list', () => {
    const unknown = BY_HAND.filter(
      (name) =>
        name !== 'option' &&
        PROXY_KEYWORDS.find([name, 'x']) === undefined &&
        !PROXY_KEYWORDS.rows.some((row) => row.name.startsWith(`${name} `)),
    );
    assert.deepEqual(unknown, []);
  });

  it('have a handler for what works and a reason for what does not', () => {
    const rows = [
      GLOBAL_KEYWORDS.rows,
      PROXY_KEYWORDS.rows,
      PROXY_OPTIONS.rows,
      BIND_OPTIONS.rows,
      SERVER_OPTIONS.rows,
    ].flat();
    for (const { name, status, parse, why } of rows) {
      if (status === 'works') assert.ok(parse, name);
      else assert.match(why ?? '', /\.$/, name);
    }
  });

  it('carry out each status when a line is read', () => {
    for (const row of GLOBAL_KEYWORDS.rows) {
      const argument = /^\{([^|}]+)/.exec(row.args)?.[1] ?? '1';
      const { diagnostics, remarks } = loadConfig({
        texts: [{ name: 'x', text: `global\n ${row.name} ${argument}\n` }],
        env: {},
      });
      if (row.status === 'refused')
        assert.equal(diagnostics[0]?.text.startsWith(`'${row.name}' is not supported.`), true, row.name);
      assert.equal(remarks[0]?.status, row.status === 'works' ? undefined : row.status, row.name);
    }
  });

  it('are what the reference page says', () => {
    const page = readFileSync(new URL('../../docs/reference/configuration.md', import.meta.url), 'utf8');
    assert.equal(page, configurationReference(), 'run scripts/docs-configuration.ts');
  });
});

describe('the list of keywords', () => {
  it("has HAProxy's format", () => {
    const lines = listKeywords({ 'http-request': ['deny', 'add-header', 'set-var(*)'] }).split('\n');
    assert.deepEqual(lines.slice(0, 2), ['# List of registered configuration keywords:', 'global']);
    for (const line of [
      'listen',
      '\tbind <addr> name +1',
      '\tbind <addr> v6only',
      '\tbind <addr> ssl crt +1',
      '\thttp-request set-var*',
      '\tserver <name> <addr> weight +1',
      '\tserver <name> <addr> source +-1',
    ])
      assert.ok(lines.includes(line), line);
    for (const line of [
      '\toption http-buffer-request [ FE BE HTTP ]',
      '\toption allbackups [ BE ]',
      '\tstats socket',
      '\ttimeout client',
      'resolvers',
      '\tnameserver',
    ])
      assert.ok(lines.includes(line), line);
    assert.ok(lines.indexOf('\thttp-request add-header') < lines.indexOf('\thttp-request deny'));
  });

  it('leaves out what does not work', () => {
    const text = listKeywords();
    for (const name of ['nbproc', 'lua-load', 'option splice-auto'])
      assert.doesNotMatch(text, new RegExp(`^\t${name}`, 'm'));
  });

  it('lists as HAProxy does the option flags that it lists too', { skip: !existsSync(keywordFile) }, () => {
    const theirs = new Set(
      readFileSync(keywordFile, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('\toption ')),
    );
    const ours = listKeywords()
      .split('\n')
      .filter(
        (line) =>
          line.startsWith('\toption ') && [...theirs].some((other) => other.split(' ')[1] === line.split(' ')[1]),
      );
    assert.deepEqual(
      ours.filter((line) => !theirs.has(line)),
      [],
    );
    assert.ok(ours.length > 20);
  });
});

describe('servers made at run time', () => {
  const at = { file: '', line: 0 };
  const checks = { healthCheck: noHealthCheck(), healthChecks: [] };
  const server = (words: string) => parseServerLine(words.split(' '), { at, global: newGlobal(), ...checks });
  const error = (words: string) => (server(words) as { error: string }).error;

  it('get the settings of their words', () => {
    const made = server('a 127.0.0.1:20101 weight 5 check inter 500 cookie abc');
    assert.ok(!('error' in made));
    assert.deepEqual([made.name, made.weight, made.check?.inter, made.cookie, made.id], ['a', 5, 500, 'abc', null]);
  });

  it('start from the settings of another one', () => {
    const { config } = loadConfig({
      texts: [{ name: 'x', text: 'backend b\n default-server inter 3s rise 9 weight 7\n' }],
      env: {},
    });
    const defaults = config!.defaultServers.b!;
    const made = parseServerLine(['a', '127.0.0.1:80', 'check', 'fall', '8'], {
      defaults,
      at,
      global: newGlobal(),
      ...checks,
    });
    assert.ok(!('error' in made));
    assert.deepEqual([made.weight, made.check?.inter, made.check?.rise, made.check?.fall], [7, 3000, 9, 8]);
  });

  it("are refused in HAProxy's words", () => {
    assert.equal(error('a 127.0.0.1:80 bogus'), "unknown keyword 'bogus'.");
    assert.equal(error('a'), "'server' expects <name> and <addr>[:<port>] as arguments.");
    assert.equal(error('a 127.0.0.1:80 resolvers dns1'), "'resolvers' option is not accepted for dynamic server");
    assert.equal(error('a 127.0.0.1:80 wieght 3'), "unknown keyword 'wieght'; did you mean 'weight' maybe ?");
    assert.match(error('a 127.0.0.1:80 ssl'), /^verify is enabled by default but no CA file specified\. /);
    assert.equal(error('a 127.0.0.1:80 no-ssl'), "'no-ssl' option is not accepted for dynamic server");
  });
});
