import type { Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';
import type { ChangeOf } from '../change.ts';
import { done, failed, problem, type Row } from '../context.ts';
import { lacksBackend, lacksServer, theBackend, theServer } from '../lookup.ts';

/** `shutdown session`. */
export const sessionKill: Row<ChangeOf<'session.kill'>> = {
  oneShot: true,
  validate: () => null,
  preview: (change) => ({ before: `session ${change.id}`, after: 'ended' }),
  async apply(change, ctx) {
    const ended = count(await ctx.traffic.straight.ask({ kind: 'streams.kill', filter: { id: change.id }, why: 'K' }));
    return ended > 0 ? done(null) : failed(problem("No such session (use 'show sess')."));
  },
};

/** `shutdown sessions server`. */
export const sessionsKillServer: Row<ChangeOf<'sessions.kill-server'>> = {
  oneShot: true,
  validate: (change, ctx) => lacksServer(ctx.model, change),
  preview: (change) => ({ before: `sessions on ${change.backend}/${change.server}`, after: 'ended' }),
  async apply(change, ctx) {
    const server = theServer(ctx.model, change);
    await ctx.traffic.ask({ kind: 'streams.kill', filter: { proxy: server.proxy.id, serverId: server.id }, why: 'K' });
    return done(null);
  },
};

function count(answers: readonly unknown[]): number {
  return answers.reduce<number>((sum, answer) => sum + (typeof answer === 'number' ? answer : 0), 0);
}

/** `clear counters`: maxima, everything, or what belongs to one backend or server. */
export const countersClear: Row<ChangeOf<'counters.clear'>> = {
  oneShot: true,
  validate(change, ctx) {
    if (typeof change.scope === 'string') return null;
    const { backend, server } = change.scope;
    return server === null ? lacksBackend(ctx.model, { backend }) : lacksServer(ctx.model, { backend, server });
  },
  preview: () => ({ before: 'as counted', after: '0' }),
  apply(change, ctx) {
    const { model } = ctx;
    if (change.scope === 'maxima' || change.scope === 'all') {
      for (const slot of slots(model)) {
        if (change.scope === 'all') model.counters.clear(slot);
        else model.counters.clearMaxima(slot);
      }
      if (change.scope === 'all') for (const proxy of model.proxies) clearProxy(model, proxy);
      return done(null);
    }
    const { backend, server } = change.scope;
    if (server !== null) clearServer(model, theServer(model, { backend, server }));
    else clearProxy(model, theBackend(model, { backend }));
    return done(null, server === null ? 'Backend counters cleared.' : 'Server counters cleared.');
  },
};

function slots(model: Model): Set<number> {
  const all = new Set([model.processSlot]);
  for (const proxy of model.proxies) {
    all.add(proxy.frontendSlot).add(proxy.backendSlot);
    for (const listener of proxy.listeners) all.add(listener.slot);
    for (const server of proxy.servers) all.add(server.slot);
  }
  all.delete(-1);
  return all;
}

/** The backend side of a proxy and its servers. */
function clearProxy(model: Model, proxy: Proxy): void {
  if (proxy.backendSlot >= 0) model.counters.clear(proxy.backendSlot);
  proxy.downTransitions = 0;
  for (const server of proxy.servers) clearServer(model, server);
}

function clearServer(model: Model, server: Server): void {
  model.counters.clear(server.slot);
  server.failedChecks = 0;
  server.downTransitions = 0;
  server.failedHana = 0;
}
