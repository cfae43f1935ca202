import { releaseListeners, startListeners } from '../../control/listeners.ts';
import { C } from '../../model/counters.ts';
import type { Proxy } from '../../model/proxy.ts';
import type { ChangeOf } from '../change.ts';
import { type ChangeContext, done, failed, problem, type Row } from '../context.ts';
import { lacksFrontend, theFrontend } from '../lookup.ts';

const NOTICE = 5;
const WARNING = 4;

/** `enable frontend`, `disable frontend`, `shutdown frontend`. */
export const frontendState: Row<ChangeOf<'frontend.state'>> = {
  validate(change, ctx) {
    const missing = lacksFrontend(ctx.model, change);
    if (missing) return missing;
    const { state } = theFrontend(ctx.model, change);
    const gone = state === 'stopped' || state === 'disabled';
    if (change.to === 'shutdown') return gone ? problem('Frontend was already shut down.', NOTICE) : null;
    const verb = change.to === 'enabled' ? 'enable' : 'disable';
    if (gone) return problem(`Frontend was previously shut down, cannot ${verb}.`, NOTICE);
    if ((state === 'paused') === (change.to === 'disabled'))
      return problem(`All sockets are already ${change.to}.`, NOTICE);
    return null;
  },
  preview: (change, ctx) => ({
    before: theFrontend(ctx.model, change).state,
    after: STATES[change.to],
  }),
  async apply(change, ctx) {
    const proxy = theFrontend(ctx.model, change);
    if (change.to === 'shutdown') {
      await releaseListeners(ctx.traffic.straight, proxy, 'stop');
      proxy.state = 'stopped';
      tell(
        ctx,
        proxy,
        `Proxy ${proxy.name} stopped (cumulated conns: FE: ${frontConns(ctx, proxy)}, BE: ${backConns(ctx, proxy)}).`,
      );
      return done(null);
    }
    const start = change.to === 'enabled';
    if (!start) await releaseListeners(ctx.traffic.straight, proxy, 'pause');
    else if (!(await resume(ctx, proxy))) return failed(problem(CANNOT_RESUME));
    proxy.state = start ? 'ready' : 'paused';
    tell(ctx, proxy, `${start ? 'Resumed' : 'Paused'} ${kindOf(proxy)} ${proxy.name}.`);
    return done({ ...change, to: start ? 'disabled' : 'enabled' });
  },
  rehearse(change, ctx) {
    theFrontend(ctx.model, change).state = STATES[change.to];
  },
};

const STATES = { enabled: 'ready', disabled: 'paused', shutdown: 'stopped' } as const;
const CANNOT_RESUME = 'Failed to resume frontend, check logs for precise cause (port conflict?).';

/** Starts all listeners of a proxy. Returns whether they listen; else they are as they were, and why is told. */
async function resume(ctx: ChangeContext, proxy: Proxy): Promise<boolean> {
  const failures = await startListeners(
    ctx.traffic.straight,
    proxy.listeners.map((listener) => ({ proxy, listener })),
  );
  for (const reason of new Set(failures.map((failure) => failure.reason))) tell(ctx, proxy, reason);
  return failures.length === 0;
}

function tell(ctx: ChangeContext, proxy: Proxy, text: string): void {
  ctx.states.console('WARNING', text);
  ctx.logs.send(proxy, WARNING, text);
}

function kindOf(proxy: Proxy): string {
  return proxy.config.kind === 'listen' ? 'proxy' : proxy.config.kind;
}

function frontConns(ctx: ChangeContext, proxy: Proxy): number {
  return ctx.model.counters.sum(proxy.frontendSlot, C.connections);
}

function backConns(ctx: ChangeContext, proxy: Proxy): number {
  return proxy.backendSlot < 0 ? 0 : ctx.model.counters.sum(proxy.backendSlot, C.sessions);
}

/** `set maxconn frontend`. */
export const frontendMaxconn: Row<ChangeOf<'frontend.maxconn'>> = {
  validate(change, ctx) {
    const missing = lacksFrontend(ctx.model, change);
    if (missing) return missing;
    return Number.isSafeInteger(change.maxconn) && change.maxconn >= 0 ? null : problem('Value out of range.');
  },
  preview: (change, ctx) => ({
    before: String(theFrontend(ctx.model, change).maxconn),
    after: String(change.maxconn),
  }),
  async apply(change, ctx) {
    const proxy = theFrontend(ctx.model, change);
    const before = proxy.maxconn;
    proxy.maxconn = change.maxconn;
    await ctx.traffic.ask({ kind: 'frontend.maxconn', proxy: proxy.id, maxconn: change.maxconn });
    return done({ ...change, maxconn: before });
  },
};
