import { deadSwitch } from '../control/switch.ts';
import { CounterStore } from '../model/counters.ts';
import type { Model } from '../model/model.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server } from '../model/server.ts';
import type { Change, Origin } from './change.ts';
import type { ChangeContext } from './context.ts';
import { type Judged, judge } from './judge.ts';
import { rowOf } from './table.ts';

const NOBODY: Origin = { surface: 'rehearsal', from: '', level: 'user' };

/** Several Changes tried one after the other on a copy of the model: nothing that runs is touched. */
export interface Rehearsal {
  /** The model as the Changes that passed so far would leave it. */
  readonly model: Model;
  /** Judges a Change on top of those that passed before; one with problems leaves the model as it is. */
  judge(change: Change): Promise<Judged>;
}

/** A rehearsal that begins with the model as it is now. */
export function startRehearsal(ctx: ChangeContext): Rehearsal {
  const scene = sceneOf(ctx);
  return {
    model: scene.model,
    async judge(change) {
      const judged = judge(change, scene);
      if (judged.problems.length > 0) return judged;
      const row = rowOf(change)!;
      if (row.rehearse) row.rehearse(change, scene);
      else if (!row.oneShot) await row.apply(change, scene, NOBODY);
      return judged;
    },
  };
}

/** What becomes of Changes that are made in this order, each on top of those before it. */
export async function rehearse(changes: readonly Change[], ctx: ChangeContext): Promise<Judged[]> {
  // A single one has nothing before it.
  if (changes.length === 1) return [judge(changes[0]!, ctx)];
  const rehearsal = startRehearsal(ctx);
  const judged: Judged[] = [];
  for (const change of changes) judged.push(await rehearsal.judge(change));
  return judged;
}

/** A context whose model is a copy, and whose effects end there. */
function sceneOf(ctx: ChangeContext): ChangeContext {
  const model = copyModel(ctx.model);
  return {
    ...ctx,
    model,
    traffic: deadSwitch(model),
    states: {
      now: () => ctx.states.now(),
      load: (slot) => ctx.states.load(slot),
      log() {},
      console() {},
      changed() {},
      kill() {},
      warm() {},
      async flush() {},
      forget: (server) => ctx.states.forget(server),
      close() {},
    },
    health: { start() {}, stop() {}, report() {} },
    resolvers: { ...ctx.resolvers, watch() {}, unwatch() {} },
    logs: { ...ctx.logs, send() {} },
  };
}

function copyModel(model: Model): Model {
  const copies = new Map<Server, Server>();
  const proxies = model.proxies.map((proxy) => copyProxy(proxy, copies));
  for (const [server, copy] of copies) {
    copy.tracked = server.tracked && (copies.get(server.tracked) ?? null);
    renew(copy, { trackers: server.trackers.flatMap((tracker) => copies.get(tracker) ?? []) });
  }
  return {
    ...model,
    counters: readOnly(model.counters),
    proxies,
    proxiesById: new Map(proxies.map((proxy) => [proxy.id, proxy])),
    certificates: model.certificates.copy(),
    supposed: { patterns: new Map(), tables: new Map() },
    limits: { ...model.limits },
    procVars: new Map(model.procVars),
  };
}

function copyProxy(proxy: Proxy, copies: Map<Server, Server>): Proxy {
  const copy: Proxy = copyObject(proxy);
  const servers = proxy.servers.map((server) => {
    const twin = renew(copyObject(server), {
      proxy: copy,
      check: server.check && { ...server.check },
      agent: server.agent && { ...server.agent },
    });
    copies.set(server, twin);
    return twin;
  });
  return renew(copy, {
    listeners: proxy.listeners.map((listener) => ({ ...listener })),
    servers,
    serversByName: new Map(servers.map((server) => [server.name, server])),
    serversById: new Map(servers.map((server) => [server.id, server])),
  });
}

function copyObject<T extends object>(object: T): T {
  return Object.assign(Object.create(Object.getPrototypeOf(object)), object);
}

/** Sets fields of a copy that nobody has seen yet, constant ones too. */
function renew<T extends object>(copy: T, fields: Partial<T>): T {
  return Object.assign(copy, fields);
}

/** The same counters to read; what is allocated or released here is not theirs. */
function readOnly(counters: CounterStore): CounterStore {
  const view = new CounterStore(counters.rows, counters.chunks);
  const zeroes = new CounterStore(counters.rows);
  const slot = zeroes.allocate();
  return Object.assign(view, {
    allocate: () => -1,
    release() {},
    clear() {},
    clearMaxima() {},
    gauges: (of: number) => (of < 0 ? zeroes.gauges(slot) : counters.gauges(of)),
  });
}
