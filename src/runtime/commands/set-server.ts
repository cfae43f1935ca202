import { isIP } from 'node:net';
import type { Change } from '../../change/change.ts';
import { CheckState, type Server } from '../../model/server.ts';

interface Names {
  readonly backend: string;
  readonly server: string;
}

/** Makes the Change of one `set server <b>/<s> <what> ...`, or says what is wrong with its arguments. */
type Setter = (names: Names, server: Server, args: readonly string[]) => Change | string;

const AGENT_OFF = 'agent checks are not enabled on this server';

/** What `set server` can set. */
export const SET_SERVER: Readonly<Record<string, Setter>> = {
  weight,
  state: (names, _server, [to]) =>
    to === 'ready' || to === 'drain' || to === 'maint'
      ? { kind: 'server.state', ...names, to }
      : "'set server <srv> state' expects 'ready', 'drain' and 'maint'.",
  health: (names, server, [to]) => {
    if (server.tracked) return 'cannot change health on a tracking server.';
    if (to !== 'up' && to !== 'stopping' && to !== 'down')
      return "'set server <srv> health' expects 'up', 'stopping', or 'down'.";
    return { kind: 'server.health', ...names, to };
  },
  agent: (names, server, [to]) => {
    if (!agentEnabled(server)) return `${AGENT_OFF}.`;
    return to === 'up' || to === 'down'
      ? { kind: 'server.agent', ...names, to }
      : "'set server <srv> agent' expects 'up' or 'down'.";
  },
  'agent-addr': (names, server, [addr, word, port]) => {
    if (!addr) return 'set server <b>/<s> agent-addr requires an address and optionally a port.';
    return checkAddress('server.agent-addr', names, server, addr, word === 'port' ? (port ?? '') : null);
  },
  'agent-port': (names, server, [port]) => {
    if (!port) return 'set server <b>/<s> agent-port requires a port.';
    return checkAddress('server.agent-addr', names, server, null, port);
  },
  'agent-send': (names, server, [send]) => {
    if (!agentEnabled(server)) return `${AGENT_OFF}.`;
    return { kind: 'server.agent-send', ...names, send: send ?? '' };
  },
  'check-addr': (names, server, [addr, word, port]) => {
    if (!addr) return 'set server <b>/<s> check-addr requires an address and optionally a port.';
    return checkAddress('server.check-addr', names, server, addr, word === 'port' ? (port ?? '') : null);
  },
  'check-port': (names, server, [port]) => {
    if (!port) return 'set server <b>/<s> check-port requires a port.';
    return checkAddress('server.check-addr', names, server, null, port);
  },
  addr: (names, _server, [addr, word, port]) => {
    if (!addr) return 'set server <b>/<s> addr requires an address and optionally a port.';
    return { kind: 'server.addr', ...names, addr, port: word === 'port' ? (port ?? '') : null };
  },
  fqdn: (names, _server, [fqdn]) =>
    fqdn ? { kind: 'server.fqdn', ...names, fqdn } : 'set server <b>/<s> fqdn requires a FQDN.',
  ssl: (names, _server, [to]) =>
    to === 'on' || to === 'off'
      ? { kind: 'server.ssl', ...names, enabled: to === 'on' }
      : "'set server <srv> ssl' expects 'on' or 'off'.",
  name: (names, _server, [name]) =>
    name ? { kind: 'server.name', ...names, name } : 'set server <b>/<s> name requires a new name.',
};

/** Answer to anything else. */
export const SET_SERVER_USAGE = `usage: set server <backend>/<server> ${Object.keys(SET_SERVER).sort().join(' | ')}`;

/** A weight: 0..256, or a percentage of the configured one. */
function weight(names: Names, _server: Server, [text = '']: readonly string[]): Change | string {
  if (text === '') return 'Require <weight> or <weight%>.';
  const match = /^\s*([+-]?\d+)(.*)$/s.exec(text);
  if (!match) return 'Empty weight string empty or preceded by garbage';
  const value = Number(match[1]);
  if (match[2] === '%')
    return value < 0
      ? 'Relative weight must be positive.'
      : { kind: 'server.weight', ...names, weight: value, percent: true };
  if (value < 0 || value > 256) return 'Absolute weight can only be between 0 and 256 inclusive.';
  return match[2] === ''
    ? { kind: 'server.weight', ...names, weight: value, percent: false }
    : 'Trailing garbage in weight string';
}

function agentEnabled(server: Server): boolean {
  return server.agent !== null && (server.agent.state & CheckState.enabled) !== 0;
}

function checkAddress(
  kind: 'server.check-addr' | 'server.agent-addr',
  names: Names,
  server: Server,
  addr: string | null,
  port: string | null,
): Change | string {
  if (kind === 'server.agent-addr' && !agentEnabled(server)) return AGENT_OFF;
  if (kind === 'server.check-addr' && (server.check === null || (server.check.state & CheckState.enabled) === 0))
    return 'health checks are not enabled on this server';
  if (addr !== null && isIP(addr) === 0) return `invalid addr '${addr}'`;
  if (port !== null && !/^\d+$/.test(port)) return 'provided port is not an integer';
  if (port !== null && Number(port) > 65535) return 'provided port is invalid';
  return { kind, ...names, addr, port: port === null ? null : Number(port) };
}
