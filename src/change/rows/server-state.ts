import { setAdminState } from '../../control/servers/admin-state.ts';
import { setRunning, setStopped, setStopping } from '../../control/servers/oper-state.ts';
import { takesTraffic, usableServers } from '../../control/servers/usable.ts';
import { Admin, CheckState, OperState, riseAndFall, type Server } from '../../model/server.ts';
import type { ChangeOf } from '../change.ts';
import { done, problem, type Row } from '../context.ts';
import { lacksServer, theServer } from '../lookup.ts';

const BY_CLI = ', changed from CLI';

/** `set server state`, `enable server`, `disable server`. */
export const serverState: Row<ChangeOf<'server.state'>> = {
  validate: (change, ctx) => lacksServer(ctx.model, change),
  warnings: (change, ctx) => (change.to === 'ready' ? [] : lastOne(theServer(ctx.model, change))),
  preview: (change, ctx) => ({ before: forcedState(theServer(ctx.model, change)), after: change.to }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = forcedState(server);
    setAdminState(ctx.states, server, change.to);
    return done({ ...change, to: before });
  },
};

/** What is to be known before a server is taken out: that its backend has no other. */
export function lastOne(server: Server): readonly string[] {
  if (!takesTraffic(server) || usableServers(server.proxy) > 1) return [];
  return [
    `no server is left for new requests: backend '${server.proxy.name}' has no other usable one than '${server.name}'`,
  ];
}

/** What the operator last asked for. */
export function forcedState(server: Server): 'ready' | 'drain' | 'maint' {
  if (server.admin & Admin.forcedMaint) return 'maint';
  return server.admin & Admin.forcedDrain ? 'drain' : 'ready';
}

/** `set server health`: an operator's word in place of a check's, until checks disagree. */
export const serverHealth: Row<ChangeOf<'server.health'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    return theServer(ctx.model, change).tracked ? problem('cannot change health on a tracking server.') : null;
  },
  warnings: (change, ctx) => (change.to === 'up' ? [] : lastOne(theServer(ctx.model, change))),
  preview: (change, ctx) => ({ before: healthOf(theServer(ctx.model, change)), after: change.to }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = healthOf(server);
    const { rise, fall } = riseAndFall(server);
    (server.check ?? server.unchecked).health = change.to === 'down' ? 0 : rise + fall - 1;
    if (change.to === 'up') setRunning(ctx.states, server, BY_CLI);
    else if (change.to === 'stopping') setStopping(ctx.states, server, BY_CLI);
    else setStopped(ctx.states, server, BY_CLI);
    return done({ ...change, to: before });
  },
};

function healthOf(server: Server): 'up' | 'stopping' | 'down' {
  if (server.operState === OperState.stopped) return 'down';
  return server.operState === OperState.stopping ? 'stopping' : 'up';
}

/** `set server agent`: an operator's word in place of the agent's. */
export const serverAgent: Row<ChangeOf<'server.agent'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    const { agent } = theServer(ctx.model, change);
    return agent && agent.state & CheckState.enabled ? null : problem('agent checks are not enabled on this server.');
  },
  preview: (change, ctx) => ({ before: agentState(theServer(ctx.model, change)), after: change.to }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const agent = server.agent!;
    const before = agentState(server);
    agent.health = change.to === 'up' ? agent.rise + agent.fall - 1 : 0;
    if (change.to === 'up') setRunning(ctx.states, server, BY_CLI);
    else setStopped(ctx.states, server, BY_CLI);
    return done({ ...change, to: before });
  },
};

function agentState(server: Server): 'up' | 'down' {
  const agent = server.agent!;
  return agent.health >= agent.rise && server.operState !== OperState.stopped ? 'up' : 'down';
}

/** `enable|disable health|agent`. */
export const serverChecks: Row<ChangeOf<'server.checks'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing || !change.enabled) return missing;
    const server = theServer(ctx.model, change);
    if (change.which === 'health' && !server.check)
      return problem('Health check was not configured on this server, cannot enable.');
    if (change.which === 'agent' && !server.agent)
      return problem('Agent was not configured on this server, cannot enable.');
    return null;
  },
  preview: (change, ctx) => ({
    before: checksOn(theServer(ctx.model, change), change.which) ? 'enabled' : 'disabled',
    after: change.enabled ? 'enabled' : 'disabled',
  }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const check = change.which === 'health' ? server.check : server.agent;
    const before = checksOn(server, change.which);
    if (!check) return done(null);
    if (change.enabled) check.state |= CheckState.enabled;
    else check.state &= ~CheckState.enabled;
    if (change.enabled) ctx.health.start(server);
    return done({ ...change, enabled: before });
  },
};

function checksOn(server: Server, which: 'health' | 'agent'): boolean {
  const check = which === 'health' ? server.check : server.agent;
  return check !== null && (check.state & CheckState.enabled) !== 0;
}
