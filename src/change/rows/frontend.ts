import { startListeners } from '../../control/listeners.ts';
import { C } from '../../model/counters.ts';
import type { ListenerState, Proxy } from '../../model/proxy.ts';
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
    effect: 'live',
  }),
  async apply(change, ctx) {
    const proxy = theFrontend(ctx.model, change);
    if (change.to === 'shutdown') {
      await moveListeners(ctx, proxy, 'stop', 'stopped');
      proxy.state = 'stopped';
      tell(
        ctx,
        proxy,
        `Proxy ${proxy.name} stopped (cumulated conns: FE: ${frontConns(ctx, proxy)}, BE: ${backConns(ctx, proxy)}).`,
      );
      return done(null);
    }
    const start = change.to === 'enabled';
    const failures = await moveListeners(ctx, proxy, start ? 'start' : 'pause', start ? 'listening' : 'paused');
    if (failures.length > 0) return failed(problem(start ? CANNOT_RESUME : CANNOT_PAUSE));
    proxy.state = start ? 'ready' : 'paused';
    tell(ctx, proxy, `${start ? 'Resumed' : 'Paused'} ${kindOf(proxy)} ${proxy.name}.`);
    return done({ ...change, to: start ? 'disabled' : 'enabled' });
  },
};

const STATES = { enabled: 'ready', disabled: 'paused', shutdown: 'stopped' } as const;
const CANNOT_RESUME = 'Failed to resume frontend, check logs for precise cause (port conflict?).';
const CANNOT_PAUSE = 'Failed to pause frontend, check logs for precise cause.';

/** Starts, pauses or stops all listeners of a proxy. Returns what failed; then the listeners are as they were. */
async function moveListeners(
  ctx: ChangeContext,
  proxy: Proxy,
  op: 'start' | 'pause' | 'stop',
  state: ListenerState,
): Promise<string[]> {
  if (proxy.listeners.length === 0) return [];
  if (op === 'start') {
    const failures = await startListeners(
      ctx.traffic,
      proxy.listeners.map((listener) => ({ proxy, listener })),
    );
    const texts = failures.map(({ reason }) => reason);
    for (const text of new Set(texts)) tell(ctx, proxy, text);
    return texts;
  }
  const listeners = proxy.listeners.map((listener) => ({ proxy: proxy.id, id: listener.id }));
  const answers = await ctx.traffic.ask({ kind: 'listeners', op, listeners });
  for (const listener of proxy.listeners) listener.state = state;
  return answers.flatMap((answer) => (Array.isArray(answer) ? answer.map(String) : []));
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
    effect: 'live',
  }),
  async apply(change, ctx) {
    const proxy = theFrontend(ctx.model, change);
    const before = proxy.maxconn;
    proxy.maxconn = change.maxconn;
    await ctx.traffic.ask({ kind: 'frontend.maxconn', proxy: proxy.id, maxconn: change.maxconn });
    return done({ ...change, maxconn: before });
  },
};
