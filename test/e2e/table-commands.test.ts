import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { cliBytes } from '../support/cli.ts';
import { type Run, start, unlessHaproxy26 } from '../support/program.ts';
import { pause } from '../support/wait.ts';

const CONFIG = `
global
  stats socket {sock:admin} level admin
  stats socket {sock:user} level user
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
backend addresses
  stick-table type ip size 1k expire 10m store gpc0,gpc1,conn_cur,conn_rate(10s),http_req_cnt,server_id,bytes_out_cnt
backend texts
  stick-table type string len 10 size 10 expire 1h store gpc(3),gpc_rate(2,1m),gpt(2),server_key
backend numbers
  stick-table type integer size 3 nopurge store gpc0
backend six
  stick-table type ipv6 size 10 store gpt0
backend bytes
  stick-table type binary len 8 size 10 store gpc0
backend brief
  stick-table type integer size 10 expire 10ms store gpc0
listen l
  bind {addr:l}
`;

/** Pointers and times left differ from run to run. */
const masked = (answer: string) => answer.replace(/^0x[0-9a-f]+/gm, 'PTR').replace(/exp=[1-9]\d*/g, 'exp=N');

const NO_DATA = 'server_id=0 gpc0=0 conn_rate(10000)=0 conn_cur=0 http_req_cnt=0 bytes_out_cnt=0 gpc1=0';
const ADDRESSES = '# table: addresses, type: ip, size:1024, used:';

/** Commands one after the other, each with its answer. */
const TRANSCRIPT: readonly (readonly [command: string, answer: string])[] = [
  [
    'show table',
    '# table: brief, type: integer, size:10, used:0\n# table: bytes, type: binary, size:10, used:0\n# table: six, type: ipv6, size:10, used:0\n' +
      '# table: numbers, type: integer, size:3, used:0\n# table: texts, type: string, size:10, used:0\n' +
      `${ADDRESSES}0`,
  ],
  ['show table nope', 'No such table'],
  ['set table addresses key 192.0.2.1 data.gpc0 5 data.conn_rate 3 data.bytes_out_cnt 12345678901', ''],
  [
    'show table addresses',
    `${ADDRESSES}1\nPTR: key=192.0.2.1 use=0 exp=N shard=0 server_id=0 gpc0=5 conn_rate(10000)=3 conn_cur=0 http_req_cnt=0 bytes_out_cnt=12345678901 gpc1=0`,
  ],
  ['set table addresses key 192.0.2.1 data.gpc0 -3 data.server_id -5', ''],
  [
    'show table addresses key 192.0.2.1',
    `${ADDRESSES}1\nPTR: key=192.0.2.1 use=0 exp=N shard=0 server_id=-5 gpc0=4294967293 conn_rate(10000)=3 conn_cur=0 http_req_cnt=0 bytes_out_cnt=12345678901 gpc1=0`,
  ],
  ['show table addresses key 192.0.2.9', ''],
  ['show table addresses key', 'Key value expected'],
  ['show table addresses key zzz', 'Invalid key'],
  [
    'show table addresses foo',
    'Optional argument only supports "data.<store_data_type>" <operator> <value> or key <key> or ptr <ptr>',
  ],
  ['show table addresses data.gpc0 eq 5', `${ADDRESSES}1`],
  ['show table addresses data.nope eq 5', 'Filter entry #1: Unknown data type'],
  ['show table addresses data.gpc0 eq 1 data.gpt0 eq 5', 'Filter entry #2: Data type not stored in this table'],
  ['show table addresses data.gpc0', 'Filter entry #1: Require and operator among "eq", "ne", "le", "ge", "lt", "gt"'],
  ['show table addresses data.gpc0 gt x', 'Filter entry #1: Require a valid integer value to compare against'],
  [
    'show table addresses data.gpc0 ge 0 data.gpc1 ge 0 data.conn_cur ge 0 data.conn_rate ge 0 data.http_req_cnt ge 0',
    "Detected extra data in filter, 16th word of input, after '0'",
  ],
  ['show table addresses ptr zz', 'Pointer expected (0xffff notation)'],
  ['show table addresses ptr 0x12', ''],
  ['set table addresses key 192.0.2.2 data.gpc1 abc', 'Require a valid integer value to store'],
  ['show table addresses data.gpc0 lt 1', `${ADDRESSES}2\nPTR: key=192.0.2.2 use=0 exp=N shard=0 ${NO_DATA}`],
  ['set table addresses key 192.0.2.2 gpc0 3', '"data.<type>" followed by a value expected'],
  ['set table addresses data.gpc0 gt 0', 'content-based lookup is only supported with the "show" and "clear" actions'],
  ['clear table addresses data.gpc0 eq 0', ''],
  ['show table', 'used:1$'],
  ['clear table addresses key zzz', 'Invalid key'],
  ['clear table addresses key 192.0.2.1', ''],
  ['clear table addresses key 192.0.2.1', ''],
  ['show table addresses', `${ADDRESSES}0`],
  [
    'clear table',
    'Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key> or <table> ptr <ptr>',
  ],
  ['set table texts key a\\ b\\=c\\\\d data.gpc[2] 4 data.gpt 2 data.gpc_rate[1] 9', ''],
  ['set table texts key verylongkeyhere data.gpc[9] 4', 'index out of range in this data array'],
  ['set table texts key x data.server_key srv1', 'Require a valid integer value to store'],
  [
    'show table texts data.gpc[2] eq 4',
    '# table: texts, type: string, size:10, used:3\nPTR: key=a\\ b\\=c\\\\d use=0 exp=N shard=0 server_key=- gpt0=2 gpt1=0 gpc0=0 gpc1=0 gpc2=4 gpc0_rate(60000)=0 gpc1_rate(60000)=9',
  ],
  ['show table texts data.gpc eq 0 data.server_key eq 0', '# table: texts, type: string, size:10, used:3'],
  ['set table numbers key abc data.gpc0 1', ''],
  ['set table numbers key 42', ''],
  ['set table numbers key 4294967295 data.gpc0 2', ''],
  ['set table numbers key 7', 'Unable to allocate a new entry'],
  [
    'show table numbers key 0',
    '# table: numbers, type: integer, size:3, used:3\nPTR: key=0 use=0 exp=0 shard=0 gpc0=1',
  ],
  [
    'show table numbers data.gpc0 eq 2',
    '# table: numbers, type: integer, size:3, used:3\nPTR: key=4294967295 use=0 exp=0 shard=0 gpc0=2',
  ],
  // As HAProxy has it: all of the table.
  ['set table numbers', ''],
  ['show table numbers', '# table: numbers, type: integer, size:3, used:0'],
  ['set table six key 2001:db8::1 data.gpt0 1', ''],
  ['set table six key 192.0.2.9 data.gpt0 1', ''],
  [
    'show table six key ::ffff:192.0.2.9',
    '# table: six, type: ipv6, size:10, used:2\nPTR: key=::ffff:192.0.2.9 use=0 exp=0 shard=0 gpt0=1',
  ],
  [
    'set table bytes key 0011 data.gpc0 3',
    'Inserting keys into tables of type other than ip, ipv6, string and integer is not supported',
  ],
  [
    'show table bytes',
    '# table: bytes, type: binary, size:10, used:1\nPTR: key=3030313100000000 use=0 exp=0 shard=0 gpc0=0',
  ],
];

describe('commands of stick tables', unlessHaproxy26('texts, indices and pointers are others'), () => {
  let sluice: Run;
  const scope: (() => unknown)[] = [];
  before(async () => {
    sluice = await start({ after: (cleanUp) => scope.push(cleanUp) }, CONFIG);
  });
  after(async () => {
    for (const cleanUp of scope.reverse()) await cleanUp();
  });

  it('answer as HAProxy does', async () => {
    for (const [command, wanted] of TRANSCRIPT) {
      const answer = masked(await sluice.cli(command));
      if (wanted.endsWith('$')) assert.match(answer, new RegExp(wanted, 'm'), command);
      else assert.equal(answer, wanted, command);
    }
  });

  it('take the pointer of an entry in place of its key', async () => {
    await sluice.cli('set table addresses key 198.51.100.1 data.gpc0 1');
    await sluice.cli('set table addresses key 198.51.100.2 data.gpc0 2');
    const pointer = /^(0x\w+): key=198.51.100.2 /m.exec(await sluice.cli('show table addresses'))![1];
    assert.match(await sluice.cli(`show table addresses ptr ${pointer}`), /key=198.51.100.2 .*gpc0=2/);
    assert.equal(await sluice.cli(`set table addresses ptr ${pointer} data.gpc0 7`), '');
    assert.match(await sluice.cli('show table addresses key 198.51.100.2'), /gpc0=7/);
    assert.equal(await sluice.cli(`clear table addresses ptr ${pointer}`), '');
    assert.equal(await sluice.cli('show table addresses key 198.51.100.2'), '');
    assert.equal(await sluice.cli('clear table addresses'), '');
  });

  it('neither count nor list what has expired a moment ago', async () => {
    await sluice.cli('set table brief key 1 data.gpc0 1');
    await pause(20);
    assert.equal(await sluice.cli('show table brief'), '# table: brief, type: integer, size:10, used:0');
  });

  it('say no more than there is room for at the level of a user', async () => {
    const user = (line: string) => cliBytes(sluice.sock('user'), `${line}\n`);
    assert.equal(
      await user('show table addresses'),
      `${ADDRESSES}0\n# contents not dumped due to insufficient privileges\n\n`,
    );
    assert.equal(await user('clear table addresses'), 'Permission denied\n\n');
    assert.equal(await user('set table addresses key 192.0.2.1 data.gpc0 1'), 'Permission denied\n\n');
  });

  it('are Changes: shown before they are made, recorded, taken back', async () => {
    await sluice.cli('set table addresses key 203.0.113.1 data.gpc0 1 data.gpc1 8');
    const line = async () => masked(await sluice.cli('show table addresses key 203.0.113.1')).split('\n')[1];
    const preview = await sluice.cli(
      'begin;set table addresses key 203.0.113.1 data.gpc0 2;clear table addresses key 203.0.113.7;preview;abort',
    );
    assert.match(preview, /gpc0=1.*gpc0=2/);
    assert.match((await line())!, / gpc0=1 .*gpc1=8/);
    const refused = await sluice.cli(
      'begin;set table addresses key 203.0.113.1 data.gpc0 2;set table addresses key 203.0.113.1 data.nope 2;commit',
    );
    assert.match(refused, /Unknown data type/);
    assert.match((await line())!, / gpc0=1 /, 'nothing of it is made');
    await sluice.cli('begin;set table addresses key 203.0.113.1 data.gpc0 2;set table six key ::5 data.gpt0 1;commit');
    assert.match((await line())!, / gpc0=2 /);
    assert.match(await sluice.cli('undo'), /2 changes made/);
    assert.match((await line())!, / gpc0=1 /);
    assert.equal(await sluice.cli('show table six key ::5'), '');
    assert.match(await sluice.cli('show changes'), /table\.set|set table|addresses/);
  });
});
