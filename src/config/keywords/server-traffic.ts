/** Options of servers for the traffic they get (manual, section 5.2). */

import type { ServerDraft } from '../draft-server.ts';
import { parseInteger } from '../units.ts';
import type { Option, OptionResult } from './option.ts';
import { choice, flag, type Input, integer, text, time, value } from './server-option.ts';
import { md5KeyProblem, namespaceProblem } from './socket-place.ts';

function parseWeight({ draft, value: word }: Input): OptionResult {
  const weight = parseInteger(word);
  if (weight === null || weight < 0 || weight > 256) {
    return `weight of server ${draft.name === '' ? 'default-server' : draft.name} is not within 0 and 256 (${word}).`;
  }
  draft.weight = weight;
  return undefined;
}

function parseId({ draft, value: word }: Input): OptionResult {
  const id = parseInteger(word);
  if (id === null) return "'id' : expects an integer argument";
  if (id <= 0) return "'id' : custom id has to be > 0";
  draft.id = id;
  return undefined;
}

function parseProto({ draft, value: word }: Input): OptionResult {
  if (word !== 'h1' && word !== 'h2' && word !== 'none') return `'proto' :  unknown MUX protocol '${word}'`;
  draft.proto = word;
  return undefined;
}

/** What it is given, and how. */
export const SERVER_TRAFFIC_OPTIONS: Option<ServerDraft>[] = [
  flag('backup', (draft) => {
    draft.backup = true;
  }),
  flag('no-backup', (draft) => {
    draft.backup = false;
  }),
  flag(
    'non-stick',
    (draft) => {
      draft.nonStick = true;
    },
    { notDynamic: true },
  ),
  flag(
    'stick',
    (draft) => {
      draft.nonStick = false;
    },
    { notDynamic: true },
  ),
  flag('disabled', (draft) => {
    draft.disabled = true;
  }),
  flag(
    'enabled',
    (draft) => {
      draft.disabled = false;
    },
    { notDynamic: true },
  ),
  choice(
    'log-proto',
    ['legacy', 'octet-count'],
    (got) => `'log-proto' expects one of 'legacy' or 'octet-count' but got '${got}'`,
    (draft, word) => {
      draft.logProto = word;
    },
    { notDynamic: true },
  ),
  text('cookie', '<value>', '<value> as argument', (draft, word) => {
    draft.cookie = word;
  }),
  text('cc', '<algorithm>', '<algorithm> as argument', (draft, word) => {
    draft.congestion = word;
  }),
  text(
    'guid',
    '<string>',
    'a string as argument',
    (draft, word) => {
      draft.guid = word;
    },
    { notDefault: true },
  ),
  choice(
    'hash-key',
    ['id', 'addr', 'addr-port'],
    () => "'hash-key' has to be 'id', 'addr', or 'addr-port'",
    (draft, word) => {
      draft.hashKey = word;
    },
  ),
  time('idle-ping', 0, (draft, ms) => {
    draft.idlePing = ms;
  }),
  value('id', '<number>', 'an integer argument', parseId, { notDefault: true }),
  integer('maxconn', 0, (draft, number) => {
    draft.maxconn = number;
  }),
  flag('strict-maxconn', (draft) => {
    draft.strictMaxconn = true;
  }),
  integer('maxqueue', 0, (draft, number) => {
    draft.maxqueue = number;
  }),
  integer(
    'max-reuse',
    -1,
    (draft, number) => {
      draft.maxReuse = number;
    },
    { notDynamic: true },
  ),
  integer('minconn', 0, (draft, number) => {
    draft.minconn = number;
  }),
  text('pool-conn-name', '<expression>', '<expression> as argument', (draft, word) => {
    draft.poolConnName = word;
  }),
  integer('pool-low-conn', 0, (draft, number) => {
    draft.poolLowConn = number;
  }),
  integer('pool-max-conn', -1, (draft, number) => {
    draft.poolMaxConn = number;
  }),
  time('pool-purge-delay', 0, (draft, ms) => {
    draft.poolPurgeDelay = ms;
  }),
  value('proto', '<h1|h2|none>', 'a MUX protocol as argument', parseProto),
  text(
    'redir',
    '<prefix>',
    '<prefix> as argument',
    (draft, word) => {
      draft.redir = word;
    },
    { notDynamic: true },
  ),
  integer('shard', 0, (draft, number) => {
    draft.shard = number;
  }),
  time('slowstart', 0, (draft, ms) => {
    draft.slowstart = ms;
  }),
  value(
    'namespace',
    '<name>',
    'a namespace name',
    ({ draft, value: name }) => {
      draft.namespace = name;
      return namespaceProblem(name) ?? undefined;
    },
    { notDynamic: true },
  ),
  value(
    'tcp-md5sig',
    '<password>',
    'a password',
    ({ draft, value: key }) => {
      draft.md5Key = key;
      return md5KeyProblem(key) ?? undefined;
    },
    { notDynamic: true },
  ),
  time(
    'tcp-ut',
    0,
    (draft, ms) => {
      draft.tcpUserTimeout = ms;
    },
    { notDynamic: true },
  ),
  value('weight', '<weight>', 'an integer argument', parseWeight),
  {
    name: 'ws',
    takes: 1,
    args: '<auto|h1|h2>',
    status: 'works',
    parse: ({ draft, value: word }) => {
      if (word !== 'auto' && word !== 'h1' && word !== 'h2') return "'ws' has to be 'auto', 'h1' or 'h2'";
      draft.ws = word;
      return undefined;
    },
  },
];
