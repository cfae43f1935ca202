/** Options of servers for health checks and agents, and for what comes of them (manual, section 5.2). */

import { isIP } from 'node:net';
import { parseAddress } from '../address.ts';
import type { ServerDraft } from '../draft-server.ts';
import { parseInteger } from '../units.ts';
import type { Option, OptionResult } from './option.ts';
import { choice, flag, type Input, integer, text, time, value } from './server-option.ts';

/** `addr` and `port` of checks: `<ip>[:port]`. */
function parseCheckAddress({ draft, value: word }: Input): OptionResult {
  const parsed = parseAddress(word, { names: false });
  if ('error' in parsed) return `'addr' : ${parsed.error}`;
  const { address } = parsed;
  if (address.family !== 'inet' && address.family !== 'inet6')
    return `'addr' : address family not supported in '${word}'`;
  draft.check.addr = address.host;
  draft.check.addrPort = address.port;
  return undefined;
}

function parseAgentAddress({ draft, value: word }: Input): OptionResult {
  const host = word.replace(/^\[(.*)\]$/, '$1');
  const parsed = parseAddress(word, { port: isIP(host) === 6 ? 'none' : 'optional' });
  if ('error' in parsed || !('host' in parsed.address))
    return `parsing agent-addr failed. Check if '${word}' is correct address.`;
  draft.agent.addr = parsed.address.host;
  return undefined;
}

function parseCheckPort({ draft, value: word }: Input): OptionResult {
  const port = parseInteger(word);
  if (port === null || port < 1 || port > 65535) return `'port' : invalid port '${word}'`;
  draft.check.port = port;
  return undefined;
}

function parseAgentPort({ draft, value: word }: Input): OptionResult {
  const port = parseInteger(word);
  if (port === null || port < 1 || port > 65535) return `'agent-port' : invalid port '${word}'`;
  draft.agent.port = port;
  return undefined;
}

function parseCheckProto({ draft, value: word }: Input): OptionResult {
  if (word !== 'h1' && word !== 'h2') return `'check-proto' :  unknown MUX protocol '${word}'`;
  draft.check.proto = word;
  return undefined;
}

/** How a server is looked at. */
export const SERVER_CHECK_OPTIONS: Option<ServerDraft>[] = [
  flag('agent-check', (draft) => {
    draft.agentEnabled = true;
  }),
  flag(
    'no-agent-check',
    (draft) => {
      draft.agentEnabled = false;
    },
    { notDynamic: true },
  ),
  flag('check', (draft) => {
    draft.checkEnabled = true;
  }),
  flag(
    'no-check',
    (draft) => {
      draft.checkEnabled = false;
    },
    { notDynamic: true },
  ),
  flag('check-send-proxy', (draft) => {
    draft.check.sendProxy = true;
  }),
  flag(
    'no-check-send-proxy',
    (draft) => {
      draft.check.sendProxy = false;
    },
    { notDynamic: true },
  ),
  flag('check-via-socks4', (draft) => {
    draft.checkViaSocks4 = true;
  }),
  value('addr', '<address>', 'an address as argument', parseCheckAddress),
  value('agent-addr', '<address>', 'an address as argument', parseAgentAddress),
  time('agent-inter', 1, (draft, ms) => {
    draft.agent.inter = ms;
  }),
  value('agent-port', '<port>', 'a port number as argument', parseAgentPort),
  text('agent-send', '<string>', 'a string as argument', (draft, word) => {
    draft.agent.send = word;
  }),
  value('check-proto', '<h1|h2>', 'a MUX protocol as argument', parseCheckProto),
  text('healthcheck', '<name>', 'the name of a healthcheck section as argument', (draft, word) => {
    draft.healthcheck = word;
  }),
  time('downinter', 1, (draft, ms) => {
    draft.check.downinter = ms;
  }),
  integer('error-limit', 1, (draft, number) => {
    draft.errorLimit = number;
  }),
  integer('fall', 1, (draft, number) => {
    draft.check.fall = number;
  }),
  time('fastinter', 1, (draft, ms) => {
    draft.check.fastinter = ms;
  }),
  time('inter', 1, (draft, ms) => {
    draft.check.inter = ms;
  }),
  choice(
    'observe',
    ['none', 'layer4', 'layer7'],
    (got) => `'observe' expects one of 'none', 'layer4', 'layer7' but got '${got}'`,
    (draft, word) => {
      draft.observe = word;
    },
  ),
  choice(
    'on-error',
    ['fastinter', 'fail-check', 'sudden-death', 'mark-down'],
    (got) => `'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '${got}'`,
    (draft, word) => {
      draft.onError = word;
    },
  ),
  choice(
    'on-marked-down',
    ['shutdown-sessions'],
    (got) => `'on-marked-down' expects 'shutdown-sessions' but got '${got}'`,
    (draft, word) => {
      draft.onMarkedDown = word;
    },
  ),
  choice(
    'on-marked-up',
    ['shutdown-backup-sessions'],
    (got) => `'on-marked-up' expects 'shutdown-backup-sessions' but got '${got}'`,
    (draft, word) => {
      draft.onMarkedUp = word;
    },
  ),
  value('port', '<port>', 'a port number as argument', parseCheckPort),
  integer('rise', 1, (draft, number) => {
    draft.check.rise = number;
  }),
  text('track', '[<backend>/]<server>', '[<proxy>/]<server> as argument', (draft, word) => {
    draft.track = word;
  }),
  choice(
    'init-state',
    ['fully-up', 'up', 'down', 'fully-down'],
    (got) => `'init-state' expects one of 'fully-up', 'up', 'down', or 'fully-down' but got '${got}'`,
    (draft, word) => {
      draft.initState = word;
    },
  ),
];
