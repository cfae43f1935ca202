import { G } from '../../model/counters.ts';
import type { TrafficLink } from '../../model/messages.ts';
import type { Model } from '../../model/model.ts';
import type { Server } from '../../model/server.ts';
import { createEmailAlerts } from '../alerts/email-alerts.ts';
import type { Logs } from '../types.ts';
import type { StateEffects } from './effects.ts';
import { warmUp, warmUpInterval } from './oper-state.ts';
import { StateLines } from './state-lines.ts';
import { unlinkTracking } from './tracking.ts';
import { ViewBatch } from './view-batch.ts';

/** What state transitions reach in a running process. */
export interface ServerStatesDeps {
  readonly model: Model;
  readonly traffic: TrafficLink;
  readonly logs: Logs;
  /** Prints what HAProxy prints on stderr: `[WARNING] (pid) : text`. */
  console(severity: 'ALERT' | 'WARNING', text: string): void;
  /** A traffic thread refused a message that nobody waits for. */
  onError(error: unknown): void;
}

/** The effects of state transitions on the running process. */
export interface ServerStates extends StateEffects {
  /** Resolves when all traffic threads know all states as they are now. */
  flush(): Promise<void>;
  /** Forgets a server that was removed; nothing tracks it any more. */
  forget(server: Server): void;
  /** Ends all timers. */
  close(): void;
}

/** Ties the state machine to the log, the counters and the traffic threads. */
export function createServerStates(deps: ServerStatesDeps): ServerStates {
  const views = new ViewBatch(deps.traffic, deps.onError);
  const warming = new Map<Server, NodeJS.Timeout>();
  const tick = (fx: StateEffects, server: Server) => {
    const next = warmUp(fx, server);
    if (next > 0) warming.set(server, setTimeout(tick, next, fx, server).unref());
    else warming.delete(server);
  };
  const cool = (server: Server) => {
    clearTimeout(warming.get(server));
    warming.delete(server);
  };
  const alerts = createEmailAlerts(
    () => deps.model.config,
    (text) => deps.console('WARNING', text),
  );
  const lines = new StateLines(
    () => views.flush(),
    (proxy, level, text) => {
      deps.logs.send(proxy, level, text);
      alerts.send(proxy, level, text);
    },
  );
  const states: ServerStates = {
    now: Date.now,
    load(slot) {
      const gauges = deps.model.counters.gauges(slot);
      return { current: Atomics.load(gauges, G.current), queued: Atomics.load(gauges, G.queued) };
    },
    log: (proxy, level, text) => lines.add(proxy, level, text),
    console: deps.console,
    changed: (server) => views.add(server),
    kill(server, why) {
      deps.traffic
        .ask({ kind: 'streams.kill', filter: { proxy: server.proxy.id, serverId: server.id }, why })
        .catch(deps.onError);
    },
    warm(server) {
      cool(server);
      warming.set(server, setTimeout(tick, warmUpInterval(server), states, server).unref());
    },
    flush: () => views.flush(),
    forget(server) {
      unlinkTracking(server);
      for (const tracker of [...server.trackers]) unlinkTracking(tracker);
      views.drop(server);
      cool(server);
    },
    close() {
      for (const server of [...warming.keys()]) cool(server);
    },
  };
  return states;
}
