/** What answers say: properties of the parsers, and answers of HAProxy 3.5 where they are at hand. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseErrors } from '../../src/client/parse/captured.ts';
import { parseCrtList, parseFacts, parseStores, parseTicketKeys } from '../../src/client/parse/certificates.ts';
import { parseColumns, parseServersConn } from '../../src/client/parse/columns.ts';
import { csvCells } from '../../src/client/parse/csv.ts';
import { parseInfo } from '../../src/client/parse/info.ts';
import { parsePeers, parseProcesses, parseResolvers, parseSinks } from '../../src/client/parse/names.ts';
import { parseAclEntry, parseLookup, parseMapEntry, parsePatternSet } from '../../src/client/parse/patterns.ts';
import { parseSession } from '../../src/client/parse/sessions.ts';
import { parseStat } from '../../src/client/parse/stat.ts';
import { parseTable, parseTableEntry } from '../../src/client/parse/tables.ts';

const recorded = join(import.meta.dirname, '../../../shared/runtime-api/golden');
const answer = (name: string) =>
  readFileSync(join(recorded, `${name}.txt`), 'latin1')
    .replace(/^.*\n/, '')
    .replace(/\n+$/, '');

/** A cell as HAProxy writes it: in quotes where it has to be. */
const cellText = (cell: string) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const cell = fc.string({ unit: fc.constantFrom('"', ',', 'a', '1', ' ', '\r'), maxLength: 6 });

describe('parsers', () => {
  it('CSV cells come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 8 }), (cells) => {
        assert.deepEqual(csvCells(`${cells.map(cellText).join(',')},`), cells);
      }),
    );
  });

  it('statistics follow their header, also where columns are new', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, fc.nat()), { minLength: 1, maxLength: 5 }), (rows) => {
        const lines = rows.map(([name, n]) => `p,${cellText(name)},2,${n},new,,`);
        const parsed = parseStat(`# pxname,svname,type,stot,brand_new,empty,-,\n${lines.join('\n')}\n`);
        assert.deepEqual(
          parsed.map((row) => [row.svname, row.stot, row['brand_new'], row['empty'], '-' in row]),
          rows.map(([name, n]) => [name, n, 'new', null, false]),
        );
      }),
    );
  });

  it('keys of tables come back from their escapes', () => {
    const key = fc.string({
      unit: fc.constantFrom(' ', '\\', '=', '\n', '\t', 'a', 'x', '0', '\x01'),
      minLength: 1,
      maxLength: 8,
    });
    const escape = (text: string) =>
      text
        .replace(/[ \\=]/g, '\\$&')
        .replace(/\n/g, '\\n')
        .replace(/\t/g, '\\t')
        .replace(/\x01/g, '\\x01');
    fc.assert(
      fc.property(key, fc.nat(), (text, gpc0) => {
        const entry = parseTableEntry(`0x5f: key=${escape(text)} use=0 exp=12 shard=0 gpc0=${gpc0} conn_rate(10000)=3`);
        assert.deepEqual(
          [entry!.key, entry!.exp, entry!.shard, entry!.data, entry!.periods],
          [text, 12, 0, { gpc0, conn_rate: 3 }, { conn_rate: 10_000 }],
        );
      }),
    );
  });

  it('no text makes them throw or hang', () => {
    const parsers: ((text: string) => unknown)[] = [
      ...[
        parseErrors,
        parseCrtList,
        parseFacts,
        parseStores,
        parseTicketKeys,
        parseColumns,
        parseServersConn,
        csvCells,
      ],
      ...[parseInfo, parsePeers, parseProcesses, parseResolvers, parseSinks, parseAclEntry, parseLookup, parseMapEntry],
      ...[parsePatternSet, parseSession, parseStat, parseTable, parseTableEntry],
    ];
    const unit = fc.constantFrom(
      '\n',
      ' ',
      ':',
      '#',
      '=',
      '"',
      ',',
      '(',
      ')',
      '[',
      ']',
      '0x1',
      'key',
      'a',
      '\\',
      '  0x1: id=',
      ' ns:',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        for (const parse of parsers) parse(text);
      }),
    );
    const long = '('.repeat(100_000);
    const started = performance.now();
    for (const parse of parsers)
      for (const text of [long, '0x1: '.repeat(20_000), 'a=[a=['.repeat(20_000), ' \\'.repeat(50_000)]) parse(text);
    assert.ok(performance.now() - started < 5000);
  });
});

describe('parsers of what HAProxy 3.5 answers', {
  skip: existsSync(recorded) ? false : 'no recorded answers here',
}, () => {
  it('read statistics and states', () => {
    const rows = parseStat(answer('show-stat'));
    const s1 = rows.find((row) => row.pxname === 'be_app' && row.svname === 's1')!;
    assert.deepEqual([s1.type, s1.iid, s1.sid, s1.weight, s1['addr']], [2, 201, 11, s1['uweight'], '127.0.0.1:20101']);
    assert.equal(typeof s1['cache_hint_hits'], 'object');
    const states = parseColumns(answer('show-servers-state'));
    assert.ok(states.every((state) => typeof state['srv_op_state'] === 'number' && Object.keys(state).length === 25));
    const conns = parseServersConn(answer('show-servers-conn'));
    assert.deepEqual([conns[1]!.name, conns[1]!['served'], conns[1]!.idle_per_thr], ['be_app/s2', 0, [1, 1]]);
    const info = parseInfo(answer('new.show-info'));
    assert.deepEqual([info.Name, info['Nbthread'], info['node']], ['HAProxy', 2, 'bench-node']);
  });

  it('read maps, ACLs and tables', () => {
    const sets = answer('commit-map.list')
      .split('\n')
      .flatMap((line) => parsePatternSet(line) ?? []);
    assert.deepEqual([sets[0]!.id, sets[0]!.curr_ver, sets[0]!.entry_cnt], [6, 1, 3]);
    const inline = answer('show-acl')
      .split('\n')
      .flatMap((line) => parsePatternSet(line) ?? [])[1]!;
    assert.deepEqual([inline.file, inline.description.startsWith("acl 'hdr' file")], ['', true]);
    assert.deepEqual(parseLookup(answer('add-map.dup.get')), {
      ...{ found: true, key: 'd.test', value: 'be_app' },
      facts: { type: 'str', case: 'sensitive', found: 'yes', idx: 'tree' },
    });
    assert.deepEqual(parseLookup(answer('get-acl.ip')).key, '10.0.0.0/8');
    assert.equal(parseLookup(answer('get-map.miss')).found, false);
    const entries = answer('show-table.string')
      .split('\n')
      .flatMap((line) => parseTableEntry(line) ?? []);
    assert.deepEqual(
      [entries.length, entries[0]!.key, entries[0]!.data['gpt1'], entries[0]!.data['server_key']],
      [3, 'hello world', 9, '-'],
    );
    assert.equal(parseTable(answer('show-table').split('\n')[0]!)!.name, 'tbl_bin');
  });

  it('read streams, errors, resolvers, peers, sinks', () => {
    const session = parseSession(answer('new.show-sess.backend'))!;
    assert.deepEqual([session.fe, session.be, session.srv, session.age], ['fe_http', 'be_slow', 'slow1', '1s']);
    assert.match(session.fields['rq']!, /^f=/);
    const { total, errors } = parseErrors(answer('show-errors'));
    assert.equal(total, 2);
    assert.deepEqual(
      errors.map(({ side, proxy, message, position }) => [side, proxy, message, position]),
      [
        ['frontend', 'fe_http', 'request', 28],
        ['backend', 'be_bad', 'response', 23],
      ],
    );
    assert.equal(errors[0]!.dump, 'GET / HTTP/1.1\\r\\nHost: a\\r\\nBad Header: x\\x01\\r\\n\\r\\n');
    assert.match(errors[1]!.dump, /broken into multiple lines on the output/);
    assert.deepEqual(
      parseResolvers(answer('show-resolvers')).map(({ section, nameservers }) => [
        section,
        nameservers[0]!.counters['sent'],
      ]),
      [
        ['dns1', 38],
        ['default', 0],
      ],
    );
    assert.deepEqual(
      parsePeers(answer('show-peers'))[0]!.peers.map(({ id, kind }) => [id, kind]),
      [
        ['peer2', 'remote,active'],
        ['peer1', 'local,inactive'],
      ],
    );
    assert.deepEqual(parseSinks(answer('show-events')).at(-1), {
      name: 'logring',
      type: 'buffer',
      dropped: 0,
      description: 'bench log ring',
    });
  });

  it('read certificates', () => {
    const { transaction, files } = parseStores(answer('set-ssl-cert.list'));
    assert.match(transaction!, /\/site\.pem$/);
    assert.equal(files.size, 2);
    assert.equal([...parseStores(answer('show-ssl-ca-file')).files.values()][0], 1);
    assert.equal(parseFacts(answer('show-ssl-cert.alt'))['Subject'], '/CN=alt.test');
    const list = parseCrtList(answer('show-ssl-crt-list.one'));
    assert.deepEqual(
      list.map(({ filters }) => filters),
      [['site.test', '!www.site.test'], [], ['*.alt.test']],
    );
    assert.match(list[0]!.options!, /^alpn h2/);
    assert.deepEqual(parseCrtList('# l\n/a/b.pem:3 [verify none] x.test\n').at(0), {
      ...{ file: '/a/b.pem', line: 3, options: 'verify none', filters: ['x.test'] },
    });
    assert.deepEqual(
      [parseTicketKeys(answer('show-tls-keys'))[0]!.keys, parseTicketKeys(answer('show-tls-keys.all'))[0]!.keys.length],
      [[], 3],
    );
  });

  it('read processes of a master', () => {
    const text = `#<PID>          <type>          <reloads>       <uptime>        <version>
28196           master          1 [failed: 2]   0d00h01m05s     2.6.12
# workers
28199           worker          0               1d02h03m04s     2.6.12
# old workers
28190           worker          1               0d00h00m04s     2.6.12
# programs
`;
    assert.deepEqual(
      parseProcesses(text).map(({ pid, type, old, failed, uptime }) => [pid, type, old, failed, uptime]),
      [
        [28196, 'master', false, 2, 65],
        [28199, 'worker', false, null, 93_784],
        [28190, 'worker', true, null, 4],
      ],
    );
  });
});
