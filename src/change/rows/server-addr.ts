import { isIP } from 'node:net';
import { clearAdmin } from '../../control/servers/admin-state.ts';
import { Admin, CheckState, type CheckView, type Server } from '../../model/server.ts';
import type { ChangeOf } from '../change.ts';
import { done, type Problem, problem, type Row } from '../context.ts';
import { lacksServer, theServer } from '../lookup.ts';

const WARNING = 4;
const BY_CLI = " by 'stats socket command'";

/** `set server addr`: what it answers tells the change, or that there is none. */
export const serverAddr: Row<ChangeOf<'server.addr'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    const server = theServer(ctx.model, change);
    if (server.family === 'unix' || server.family === 'abns') {
      return problem(
        'Update for the current server address family is only supported through configuration file',
        WARNING,
      );
    }
    if (change.addr !== null && isIP(change.addr) === 0) return problem(`Invalid addr '${change.addr}'`, WARNING);
    if (change.port === null || parsePort(change.port)) return null;
    return problem(`problem converting port '${change.port}' to an int`, WARNING);
  },
  preview(change, ctx) {
    const server = theServer(ctx.model, change);
    const port = newPort(server, change);
    return {
      before: `${server.host ?? '-'}:${portText(server)}`,
      after: `${change.addr ?? server.host ?? '-'}:${portText(port)}`,
    };
  },
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const inverse = server.host === null ? null : { ...change, addr: server.host, port: portText(server) };
    const told: string[] = [];
    if (change.addr !== null && change.addr !== server.host) {
      told.push(`IP changed from '${server.host ?? ''}' to '${change.addr}'`);
      server.host = change.addr;
      server.family = isIP(change.addr) === 6 ? 'inet6' : 'inet';
    }
    const port = newPort(server, change);
    if (port.port !== server.port || port.portMap !== server.portMap) {
      told.push(`port changed from '${portText(server)}' to '${portText(port)}'`);
      server.port = port.port;
      server.portMap = port.portMap;
    }
    if (told.length === 0) return done(inverse, 'nothing changed', WARNING);
    clearAdmin(ctx.states, server, Admin.resolveMaint);
    ctx.states.changed(server);
    return done(inverse, told.join(', ') + BY_CLI, WARNING);
  },
};

interface Port {
  readonly port: number;
  readonly portMap: '' | '+' | '-';
}

/**
 * `80`, `+80` or `-80`; an offset below zero is told as the positive one that gives the same ports. As in HAProxy, what is above
 * 65535 wraps.
 */
function parsePort(text: string): Port | null {
  const match = /^([+-]?)(\d{1,9})$/.exec(text);
  if (!match) return null;
  const port = Number(match[2]) % 65536;
  if (match[1] === '') return { port, portMap: '' };
  return { port: match[1] === '-' ? (65536 - port) % 65536 : port, portMap: '+' };
}

/** The port after the Change: mapped ports are left alone where the health check has none of its own to use. */
function newPort(server: Server, change: ChangeOf<'server.addr'>): Port {
  const asked = change.port === null ? null : parsePort(change.port);
  if (!asked) return server;
  if (asked.portMap !== '' && server.check && !server.checkConfig?.port) return server;
  return asked;
}

function portText(port: Port): string {
  return port.portMap + port.port;
}

/** `set server fqdn`. */
export const serverFqdn: Row<ChangeOf<'server.fqdn'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    const server = theServer(ctx.model, change);
    if (server.config.resolvers === null)
      return problem('set server <b>/<s> fqdn failed because no resolution is configured.');
    if (server.srvRecord !== null || server.fqdn?.startsWith('_')) {
      return problem('set server <b>/<s> fqdn failed because SRV resolution is configured.');
    }
    return isHostName(change.fqdn) ? null : problem(`could not update ${server.path} FQDN${BY_CLI}`, WARNING);
  },
  preview: (change, ctx) => ({
    before: theServer(ctx.model, change).fqdn ?? '',
    after: change.fqdn,
  }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = server.fqdn;
    if (before === change.fqdn) return done({ ...change }, `no need to change the FDQN${BY_CLI}`, WARNING);
    server.fqdn = change.fqdn;
    server.admin |= Admin.fqdnChanged;
    ctx.resolvers.watch(server);
    const text = `${server.path} changed its FQDN from ${before ?? '(null)'} to ${change.fqdn}${BY_CLI}`;
    return done(before === null ? null : { ...change, fqdn: before }, text, WARNING);
  },
};

/** Labels of 1 to 63 characters, 253 in all (RFC 1035, section 2.3.4). */
function isHostName(name: string): boolean {
  return name.length <= 253 && /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/.test(name);
}

/** `set server check-addr`, `set server check-port`. */
export const serverCheckAddr: Row<ChangeOf<'server.check-addr'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    const server = theServer(ctx.model, change);
    const bad = badTarget(change, server.check, 'health');
    if (bad || change.port !== 0 || server.portMap === '') return bad;
    return problem("can't unset 'port' since MAPPORTS is in use");
  },
  preview(change, ctx) {
    const config = theServer(ctx.model, change).checkConfig!;
    return { before: target(config), after: target(merged(config, change)) };
  },
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = server.checkConfig!;
    const after = merged(before, change);
    const file = server.config.check;
    server.checkConfig = { ...after, addrPort: after.addr === file?.addr ? file.addrPort : 0 };
    return done({ ...change, addr: before.addr ?? '', port: before.port });
  },
};

/** `set server agent-addr`, `set server agent-port`. */
export const serverAgentAddr: Row<ChangeOf<'server.agent-addr'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    return missing ?? badTarget(change, theServer(ctx.model, change).agent, 'agent');
  },
  preview(change, ctx) {
    const config = theServer(ctx.model, change).agentConfig!;
    return { before: target(config), after: target(merged(config, change)) };
  },
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = server.agentConfig!;
    server.agentConfig = merged(before, change);
    return done({ ...change, addr: before.addr ?? '', port: before.port });
  },
};

interface Target {
  readonly addr: string | null;
  readonly port: number | null;
}

function badTarget(change: Target, check: CheckView | null, what: string): Problem | null {
  if (!check || !(check.state & CheckState.enabled)) return problem(`${what} checks are not enabled on this server`);
  if (change.addr && isIP(change.addr) === 0) return problem(`invalid addr '${change.addr}'`);
  if (change.port === null) return null;
  if (!Number.isInteger(change.port)) return problem('provided port is not an integer');
  return change.port < 0 || change.port > 65535 ? problem('provided port is invalid') : null;
}

function target(config: { readonly addr: string | null; readonly port: number }): string {
  return `${config.addr ?? '-'}:${config.port}`;
}

function merged<T extends { readonly addr: string | null; readonly port: number }>(config: T, change: Target): T {
  return {
    ...config,
    addr: change.addr === '' ? null : (change.addr ?? config.addr),
    port: change.port ?? config.port,
  };
}

/** `set server agent-send`. */
export const serverAgentSend: Row<ChangeOf<'server.agent-send'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    const { agent } = theServer(ctx.model, change);
    return agent && agent.state & CheckState.enabled ? null : problem('agent checks are not enabled on this server.');
  },
  preview: (change, ctx) => ({
    before: theServer(ctx.model, change).agentConfig!.send ?? '',
    after: change.send,
  }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = server.agentConfig!;
    server.agentConfig = { ...before, send: change.send };
    return done({ ...change, send: before.send ?? '' });
  },
};
