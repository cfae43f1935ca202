import { setUserWeight } from '../../control/servers/oper-state.ts';
import { resolveWeight } from '../../control/servers/weight.ts';
import { Admin } from '../../model/server.ts';
import type { ChangeOf } from '../change.ts';
import { type ChangeContext, done, problem, type Row } from '../context.ts';
import { lacksServer, theServer } from '../lookup.ts';
import { lastOne } from './server-state.ts';

const NOTICE = 5;

/** `set weight`, `set server weight`. */
export const serverWeight: Row<ChangeOf<'server.weight'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    const weight = resolveWeight(theServer(ctx.model, change), change);
    return typeof weight === 'number' ? null : problem(weight.error);
  },
  warnings(change, ctx) {
    const server = theServer(ctx.model, change);
    return resolveWeight(server, change) === 0 ? lastOne(server) : [];
  },
  preview(change, ctx) {
    const server = theServer(ctx.model, change);
    return { before: String(server.userWeight), after: String(resolveWeight(server, change)) };
  },
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = server.userWeight;
    setUserWeight(ctx.states, server, resolveWeight(server, change) as number);
    return done({ ...change, weight: before, percent: false });
  },
};

/** `set maxconn server`. Negative values are taken, as HAProxy does: they are told as very large ones and limit nothing. */
export const serverMaxconn: Row<ChangeOf<'server.maxconn'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    return Number.isSafeInteger(change.maxconn) ? null : problem('maxconn string empty or preceded by garbage');
  },
  preview: (change, ctx) => ({
    before: String(theServer(ctx.model, change).maxconn),
    after: String(change.maxconn),
  }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = server.maxconn;
    server.maxconn = change.maxconn;
    ctx.states.changed(server);
    return done({ ...change, maxconn: before });
  },
};

/** `set server ssl`. */
export const serverSsl: Row<ChangeOf<'server.ssl'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    const server = theServer(ctx.model, change);
    if (server.dynamic) return problem("'set server <srv> ssl' not supported on dynamic servers");
    if (hasSslSettings(change, ctx)) return null;
    return problem("'set server <srv> ssl' cannot be set.  default-server should define ssl settings");
  },
  preview: (change, ctx) => ({
    before: theServer(ctx.model, change).useSsl ? 'on' : 'off',
    after: change.enabled ? 'on' : 'off',
  }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = server.useSsl;
    server.useSsl = change.enabled;
    server.sslSet = true;
    ctx.states.changed(server);
    return done({ ...change, enabled: before }, 'server ssl setting updated.', NOTICE);
  },
};

function hasSslSettings(change: ChangeOf<'server.ssl'>, ctx: ChangeContext): boolean {
  const { tls } = theServer(ctx.model, change).config;
  return tls !== null && (tls.on || tls.wasOn || tls.checkSsl === true);
}

/** `set server name`. */
export const serverName: Row<ChangeOf<'server.name'>> = {
  validate(change, ctx) {
    const missing = lacksServer(ctx.model, change);
    if (missing) return missing;
    const server = theServer(ctx.model, change);
    if (!(server.admin & Admin.maint)) {
      return problem('Server must be in maintenance mode to be renamed (set server <b>/<s> state maint).');
    }
    if (!/^[A-Za-z0-9_:.-]+$/.test(change.name)) return problem('Server name contains invalid characters.');
    if (server.referenced || server.trackers.length > 0) {
      return problem('This server cannot be renamed at runtime due to other configuration elements pointing to it.');
    }
    const namesake = server.proxy.serversByName.get(change.name);
    return namesake && namesake !== server ? problem('Already exists a server with the same name in backend.') : null;
  },
  preview: (change, ctx) => ({ before: theServer(ctx.model, change).name, after: change.name }),
  apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const before = server.name;
    server.proxy.serversByName.delete(before);
    server.name = change.name;
    server.proxy.serversByName.set(change.name, server);
    ctx.states.changed(server);
    return done({ ...change, server: change.name, name: before }, 'Server name updated.');
  },
};
