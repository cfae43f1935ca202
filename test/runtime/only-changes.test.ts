import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import type { Model } from '../../src/model/model.ts';
import type { Command } from '../../src/runtime/registry.ts';
import { registry } from '../../src/runtime/server.ts';
import { Session } from '../../src/runtime/session.ts';
import { fetched } from './certificates.ts';
import { fakeControl } from './support.ts';

/** Arguments with which each command does what it is for, one by one; those that are not named need none. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  'add acl': ['ua.acl NewBot'],
  'add backend': ['new from dyn'],
  'add map': ['hosts.map c.test be_app'],
  'add server': ['be_app/new 127.0.0.1:81 weight 5'],
  'add ssl crt-list': ['certs.list spare.pem'],
  'add ssl jwt': ['site.pem'],
  'clear acl': ['ua.acl'],
  'clear map': ['#6'],
  'clear table': ['be_table', 'be_table key a'],
  'clear counters': ['', 'all', 'server be_app/s1', 'be_app'],
  commit: ['', 'for 5m reason test'],
  confirm: ['op-00000000'],
  'debug dev hash': ['text'],
  'debug dev log': ['text'],
  'debug dev write': ['10'],
  'commit acl': ['@1 ua.acl'],
  'commit map': ['@1 hosts.map'],
  'commit ssl ca-file': ['ca.pem'],
  'commit ssl cert': ['site.pem'],
  'commit ssl crl-file': ['crl.pem'],
  'del acl': ['ua.acl BadBot'],
  'del backend': ['be_slow'],
  'del map': ['hosts.map a.test'],
  'del server': ['be_app/s3'],
  'del ssl ca-file': ['ca.pem'],
  'del ssl cert': ['spare.pem'],
  'del ssl crl-file': ['crl.pem'],
  'del ssl crt-list': ['certs.list site.pem:2'],
  'del ssl jwt': ['site.pem'],
  'disable agent': ['be_agent/a1'],
  'disable dynamic-cookie backend': ['be_dyncookie'],
  'disable frontend': ['fe_http'],
  'disable health': ['be_app/s1'],
  'disable server': ['be_app/s1'],
  echo: ['text'],
  'enable agent': ['be_agent/a1'],
  'enable dynamic-cookie backend': ['be_dyncookie'],
  'enable frontend': ['fe_http'],
  'enable health': ['be_app/s1'],
  'enable server': ['be_app/s1'],
  'get acl': ['ua.acl BadBot'],
  'get map': ['hosts.map a.test'],
  'get var': ['proc.x'],
  'new ssl ca-file': ['new.pem'],
  'new ssl cert': ['new.pem'],
  'new ssl crl-file': ['new.pem'],
  'prepare acl': ['ua.acl'],
  'prepare map': ['hosts.map'],
  'set map': ['hosts.map a.test be_new'],
  'get weight': ['be_app/s1'],
  'publish backend': ['be_app'],
  'set anon global-key': ['7'],
  'set dynamic-cookie-key backend': ['be_dyncookie secret'],
  'set maxconn frontend': ['fe_http 5'],
  'set maxconn global': ['5'],
  'set maxconn server': ['be_app/s1 5'],
  'set profiling': ['memory on'],
  'set rate-limit': ['connections global 5', 'sessions global 5', 'ssl-sessions global 5', 'http-compression global 5'],
  'set server': [
    'be_app/s1 state drain',
    'be_app/s1 weight 50%',
    'be_app/s1 addr 127.0.0.9 port 90',
    'be_dns/d1 fqdn other.test',
    'be_app/s1 health down',
    'be_agent/a1 agent down',
    'be_app/s1 check-addr 127.0.0.9 port 90',
    'be_app/s1 check-port 90',
    'be_agent/a1 agent-addr 127.0.0.9',
    'be_agent/a1 agent-port 90',
    'be_agent/a1 agent-send hi',
    'be_ssl/ss1 ssl off',
    'be_app/s3 name other',
  ],
  'set severity-output': ['number'],
  'set ssl ocsp-response': [fetched().bytes.toString('base64')],
  'set ssl tls-key': [`#0 ${'A'.repeat(64)}`],
  'set table': ['be_table key a data.gpc0 1'],
  'set timeout': ['cli 10s'],
  'set var': ['proc.x str(a)', 'proc.x fmt a'],
  'set weight': ['be_app/s1 5'],
  'show provenance': ['be_app/s1'],
  'shutdown frontend': ['fe_http'],
  'shutdown session': ['0x1'],
  'shutdown sessions server': ['be_app/s1'],
  trace: ['all'],
  'unpublish backend': ['be_app'],
  'update ssl ocsp-response': ['site.pem'],
  wait: ['1ms', '1ms srv-removable be_app/s3'],
};

/** A payload with which the command does what it is for. */
const PAYLOADS: Readonly<Record<string, string>> = {
  change: '{"changes":[{"kind":"server.weight","backend":"be_app","server":"s1","weight":5,"percent":false}]}',
};

/** Commands that hand what is to be made to the control thread by another way than one by one. */
const TOGETHER = ['change', 'commit', 'undo', 'confirm'];

/** All that the model says, but for counters: traffic and `clear counters`, a Change, move them, and no command reads through them. */
function snapshot({ counters: _, tables: __, certificates, ...model }: Model): Buffer {
  // What is staged is not in force.
  const { pending: ___, ...inForce } = certificates;
  return serialize({ ...model, certificates: copied(inForce) });
}

/** The same with bytes in memory of its own. */
function copied(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, copied(one)]));
  if (Array.isArray(value)) return value.map(copied);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copied(one)]));
}

function sessionOn(control: ReturnType<typeof fakeControl>, command: Command): Session {
  const session = new Session(new Socket(), {
    control,
    registry,
    level: 'admin',
    severity: 'none',
    timeout: 0,
    from: 'test',
    sockets: () => [],
  });
  session.where = command.where === 'master' ? 'master' : 'worker';
  session.expert = session.experimental = true;
  return session;
}

/** Runs a command to the end of its answer; returns how many Changes it asked for. */
async function run(command: Command, args: string, open: boolean): Promise<{ asked: number; text: string }> {
  const control = fakeControl();
  control.outcome = { ok: false, severity: 3, text: 'refused', inverse: null };
  const session = sessionOn(control, command);
  if (open) await session.answer(['begin'], null);
  if (open && TOGETHER.includes(command.words)) await session.answer(['set', 'weight', 'be_app/s1', '7'], null);
  const before = snapshot(control.model);
  const words = `${command.words} ${args}`.trim().split(' ');
  const answer = await session.answer(words, PAYLOADS[command.words] ?? null);
  let text = answer.kind === 'message' ? answer.text : '';
  if (answer.kind === 'dump') for await (const piece of answer.pieces) text += piece;
  assert.deepEqual(deserialize(snapshot(control.model)), deserialize(before));
  session.connection.socket.destroy();
  return { asked: control.changes.length, text };
}

describe('no command alters the model but by a Change', () => {
  for (const command of registry.commands) {
    // Prefixes of the master CLI are taken off before commands are looked up.
    if (command.words.startsWith('@')) continue;
    for (const args of ARGUMENTS[command.words] ?? [''])
      test(`${command.words} ${args}`.trim(), async () => {
        const needsOpen = ['preview', 'commit', 'abort'].includes(command.words);
        const { asked, text } = await run(command, args, needsOpen);
        const makes = command.changes === true || TOGETHER.includes(command.words);
        assert.equal(asked, makes ? 1 : 0, text);
        if (!command.changes) return;
        const collected = await run(command, args, true);
        assert.equal(collected.asked, 0, 'collected only');
        assert.match(collected.text, /^Collected as change 1;/);
      });
  }
});
