import type { ProxyConfig } from '../../config/types.ts';
import { G } from '../../model/counters.ts';
import { findProxy, type Model } from '../../model/model.ts';
import { Proxy } from '../../model/proxy.ts';
import type { Change, ChangeOf } from '../change.ts';
import { type ChangeContext, done, type Problem, problem, type Row } from '../context.ts';
import { backendAddition } from '../layers/layers.ts';
import { BACKEND_ATTRIBUTES } from '../layers/proxy.ts';
import { lacksBackend, theBackend } from '../lookup.ts';
import { rowOf } from '../table.ts';

/** `add backend`. The new backend is unpublished and has no server. */
export const backendAdd: Row<ChangeOf<'backend.add'>> = {
  validate(change, ctx) {
    const strange = /[^A-Za-z0-9_:.-]/.exec(change.backend);
    if (strange) return problem(`Invalid character '${strange[0]}' in backend name.`);
    const defaults = defaultsOf(ctx.model, change);
    if (!defaults) return problem(`Cannot find default proxy '${change.from}'.`);
    if (change.mode === null && !defaults.modeSet) {
      return problem(`Mode is required as '${change.from}' default proxy does not explicitly defines it.`);
    }
    return nameTaken(ctx.model, change.backend) ?? guidTaken(ctx.model, change.guid);
  },
  preview: (change) => ({
    before: 'no such backend',
    after: unpublished(change.from),
  }),
  async apply(change, ctx, origin) {
    const { model } = ctx;
    const defaults = defaultsOf(model, change)!;
    const config: ProxyConfig = {
      ...defaults,
      name: change.backend,
      kind: 'backend',
      id: freeId(model),
      idForced: false,
      guid: change.guid,
      defaults: change.from,
      mode: change.mode ?? defaults.mode,
      binds: [],
      servers: [],
    };
    const proxy = new Proxy(config, -1, model.counters.allocate(), true, ctx.states.now());
    model.proxies.push(proxy);
    model.proxiesById.set(proxy.id, proxy);
    const template = model.config.defaultServers[change.from];
    if (template) setDefaultServer(model, proxy.name, template);
    await ctx.traffic.ask({ kind: 'proxy.put', proxies: [ctx.hooks.proxyView(proxy)] });
    for (const setting of change.with ?? []) await rowOf(setting)?.apply(setting, ctx, origin);
    return done({ kind: 'backend.del', backend: change.backend }, 'New backend registered.');
  },
};

function unpublished(defaults: string): string {
  return `unpublished, from defaults ${defaults}`;
}

/** `default-server` of a new backend, for `add server ... from be:`. */
function setDefaultServer(model: Model, name: string, template: Model['config']['defaultServers'][string]): void {
  model.config = { ...model.config, defaultServers: { ...model.config.defaultServers, [name]: template } };
}

function defaultsOf(model: Model, change: ChangeOf<'backend.add'>): ProxyConfig | undefined {
  return model.config.defaults.find((section) => section.name === change.from);
}

function nameTaken(model: Model, name: string): Problem | null {
  const other = findProxy(model, name, 'any');
  if (!other) return null;
  return problem(
    `Error during backend creation : name is already used by other proxy '${other.config.kind} ${other.name}'.`,
  );
}

function guidTaken(model: Model, guid: string | null): Problem | null {
  if (guid === null) return null;
  for (const proxy of model.proxies) {
    if (proxy.config.guid !== guid) continue;
    return problem(
      `Error during backend creation : GUID insertion : duplicate entry with ${proxy.config.kind} ${proxy.name}.`,
    );
  }
  return null;
}

/** The first id that is free; as in the configuration, 1 belongs to the control sockets where there are any. */
function freeId(model: Model): number {
  let id = model.config.global.statsSockets.length > 0 ? 2 : 1;
  while (model.proxiesById.has(id)) id++;
  return id;
}

/** `del backend`. */
export const backendDel: Row<ChangeOf<'backend.del'>> = {
  validate: (change, ctx) => lacksBackend(ctx.model, change) ?? backendRemovable(ctx, theBackend(ctx.model, change)),
  preview(change, ctx) {
    const { config, dynamic } = theBackend(ctx.model, change);
    const before = dynamic ? unpublished(config.defaults ?? '') : 'unpublished, empty';
    return { before, after: 'no such backend' };
  },
  async apply(change, ctx) {
    const { model } = ctx;
    const proxy = theBackend(model, change);
    model.proxies.splice(model.proxies.indexOf(proxy), 1);
    model.proxiesById.delete(proxy.id);
    await ctx.traffic.ask({ kind: 'proxy.remove', ids: [proxy.id] });
    model.counters.release(proxy.backendSlot);
    return done(addedAgain(proxy), 'Backend deleted.');
  },
};

/** What brings a backend back that was added live, as it is now. It can be deleted only while it is unpublished, as a new one is. */
function addedAgain(proxy: Proxy): Change | null {
  const add = backendAddition(proxy);
  if (add === null) return null;
  const settings = Object.entries(BACKEND_ATTRIBUTES).flatMap(([name, read]) => {
    const { same, make } = read(proxy, proxy.config);
    return same || make === null || name === 'published' ? [] : [make];
  });
  return settings.length === 0 ? add : { ...add, with: settings };
}

/** Why a backend cannot be removed now, or null. What `wait ... be-removable` asks again and again. */
export function backendRemovable(ctx: Pick<ChangeContext, 'model'>, proxy: Proxy): Problem | null {
  if (proxy.isFrontend) return problem('Cannot delete a listen section.');
  if (proxy.published) return problem('Backend must be unpublished prior to its deletion.');
  if (proxy.servers.length > 0) return problem('Only a backend without server can be deleted.');
  if (proxy.referenced || proxy.config.stickTable) {
    return problem('This proxy cannot be removed at runtime due to other configuration elements pointing to it.');
  }
  const gauges = ctx.model.counters.gauges(proxy.backendSlot);
  const streams = Atomics.load(gauges, G.current) + Atomics.load(gauges, G.queued);
  return streams > 0 ? problem('Backend still has attached streams on it, cannot remove it.') : null;
}

/** `publish backend`, `unpublish backend`. */
export const backendPublish: Row<ChangeOf<'backend.publish'>> = {
  validate: (change, ctx) => lacksBackend(ctx.model, change),
  preview: (change, ctx) => ({
    before: theBackend(ctx.model, change).published ? 'published' : 'unpublished',
    after: change.published ? 'published' : 'unpublished',
  }),
  async apply(change, ctx) {
    const proxy = theBackend(ctx.model, change);
    const before = proxy.published;
    proxy.published = change.published;
    await ctx.traffic.ask({ kind: 'backend.publish', proxy: proxy.id, published: change.published });
    return done({ ...change, published: before }, change.published ? 'Backend published.' : 'Backend unpublished.');
  },
};

/** `enable|disable dynamic-cookie backend`. */
export const backendDynamicCookie: Row<ChangeOf<'backend.dynamic-cookie'>> = {
  validate: (change, ctx) => lacksBackend(ctx.model, change),
  preview: (change, ctx) => ({
    before: theBackend(ctx.model, change).dynamicCookie ? 'enabled' : 'disabled',
    after: change.enabled ? 'enabled' : 'disabled',
  }),
  async apply(change, ctx) {
    const proxy = theBackend(ctx.model, change);
    const before = proxy.dynamicCookie;
    proxy.dynamicCookie = change.enabled;
    await sendCookie(ctx, proxy);
    return done({ ...change, enabled: before });
  },
};

/** `set dynamic-cookie-key backend`. */
export const backendDynamicCookieKey: Row<ChangeOf<'backend.dynamic-cookie-key'>> = {
  validate: (change, ctx) =>
    lacksBackend(ctx.model, change) ?? (change.key === '' ? problem('String value expected.') : null),
  preview: () => ({ before: '(secret)', after: '(secret)' }),
  async apply(change, ctx) {
    const proxy = theBackend(ctx.model, change);
    const before = proxy.dynamicCookieKey;
    proxy.dynamicCookieKey = change.key;
    await sendCookie(ctx, proxy);
    return done(before === null ? null : { ...change, key: before });
  },
};

async function sendCookie(ctx: ChangeContext, proxy: Proxy): Promise<void> {
  await ctx.traffic.ask({
    kind: 'dynamic-cookie',
    proxy: proxy.id,
    enabled: proxy.dynamicCookie,
    key: proxy.dynamicCookieKey,
  });
}
