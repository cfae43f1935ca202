import type { Limits } from '../../model/model.ts';
import type { ChangeOf } from '../change.ts';
import { type ChangeContext, done, failed, problem, type Row } from '../context.ts';

/** `set maxconn global`: up to the ceiling fixed at start; 0 or less goes back to it. */
export const globalMaxconn: Row<ChangeOf<'global.maxconn'>> = {
  validate(change, ctx) {
    const fits = Number.isSafeInteger(change.maxconn) && change.maxconn <= ctx.model.limits.hardMaxconn;
    return fits ? null : problem('Value out of range.');
  },
  preview: (change, ctx) => ({
    before: String(ctx.model.limits.maxconn),
    after: String(ceiling(change, ctx)),
  }),
  async apply(change, ctx) {
    const before = ctx.model.limits.maxconn;
    ctx.model.limits.maxconn = ceiling(change, ctx);
    await sendLimits(ctx);
    return done({ ...change, maxconn: before });
  },
};

function ceiling(change: ChangeOf<'global.maxconn'>, ctx: ChangeContext): number {
  return change.maxconn > 0 ? change.maxconn : ctx.model.limits.hardMaxconn;
}

/** Which limit a rate is, and how many of its units one of the command's is. */
export const RATES: Readonly<
  Record<ChangeOf<'global.rate-limit'>['what'], { readonly field: keyof Limits; readonly unit: number }>
> = {
  connections: { field: 'connRate', unit: 1 },
  sessions: { field: 'sessRate', unit: 1 },
  'ssl-sessions': { field: 'sslRate', unit: 1 },
  'http-compression': { field: 'compRate', unit: 1024 },
};

/** `set rate-limit`: events per second, or kB/s of compression input; 0 = none. */
export const globalRateLimit: Row<ChangeOf<'global.rate-limit'>> = {
  validate: (change) =>
    Number.isSafeInteger(change.limit) && change.limit >= 0 ? null : problem('Value out of range.'),
  preview(change, ctx) {
    const { field, unit } = RATES[change.what];
    return { before: String(Math.floor(ctx.model.limits[field] / unit)), after: String(change.limit) };
  },
  async apply(change, ctx) {
    const { field, unit } = RATES[change.what];
    const before = ctx.model.limits[field];
    ctx.model.limits[field] = change.limit * unit;
    await sendLimits(ctx);
    return done({ ...change, limit: before / unit });
  },
};

async function sendLimits(ctx: ChangeContext): Promise<void> {
  const { maxconn, connRate, sessRate, sslRate, compRate } = ctx.model.limits;
  await ctx.traffic.ask({ kind: 'limits', limits: { maxconn, connRate, sessRate, sslRate, compRate } });
}

/** `set var`: process-wide variables. */
export const varSet: Row<ChangeOf<'var.set'>> = {
  validate: () => null,
  preview(change, ctx) {
    const before = ctx.model.procVars.get(change.name);
    const text = (value: { readonly value: unknown } | null) => (value === null ? '(unset)' : String(value.value));
    return { before: text(before ?? null), after: text(change.value) };
  },
  async apply(change, ctx) {
    const before = ctx.model.procVars.get(change.name);
    if (change.value === null) ctx.model.procVars.delete(change.name);
    else ctx.model.procVars.set(change.name, { ...change.value });
    await ctx.traffic.ask({ kind: 'proc-vars', vars: [{ name: change.name, value: change.value }] });
    if (before?.value instanceof Uint8Array) return done(null);
    return done({ ...change, value: before ? { type: before.type, value: before.value } : null });
  },
};

/** `confirm`: the lease is dropped together with the record of this (`confirmLease`). */
export const leaseConfirm: Row<ChangeOf<'lease.confirm'>> = {
  oneShot: true,
  validate(change, ctx) {
    const lease = ctx.standing.lease(change.operation);
    if (lease?.kind === 'confirm') return null;
    const waiting = ctx.standing.leases().filter(({ kind }) => kind === 'confirm');
    const known = waiting.length === 0 ? 'none does' : `${waiting.map(({ id }) => id).join(', ')} do`;
    return problem(`operation '${change.operation}' does not wait for a confirmation; ${known}`);
  },
  preview: () => ({ before: 'waits for confirmation', after: 'stays' }),
  apply: () => done(null),
};

/** Reading the configuration files again. */
export const configReload: Row<ChangeOf<'config.reload'>> = {
  oneShot: true,
  validate: () => null,
  preview: () => ({ before: 'configuration in force', after: 'configuration files as they are now' }),
  async apply(_change, ctx, origin) {
    const { ok, text } = await ctx.hooks.reload(origin);
    return ok ? done(null, text) : failed(problem(text));
  },
};
