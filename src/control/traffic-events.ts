import type { PatternEdit, ProcVarEdit, RenderedView, RenderRequest, TrafficEvent } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import { lineText } from './logs/format.ts';
import type { ProcessLogs } from './logs/logs.ts';
import type { ProcessResolvers } from './resolvers/resolvers.ts';
import type { Threads } from './threads.ts';
import type { Health } from './types.ts';

/** What events of the traffic threads are for. */
export interface EventHost {
  readonly model: Model;
  readonly traffic: Threads;
  readonly logs: ProcessLogs;
  readonly health: Health;
  readonly resolvers: ProcessResolvers;
  /** Makes what rules want of maps and ACLs. */
  editPatterns(edits: readonly PatternEdit[]): Promise<void>;
  /** Makes the answer of a service. Rejects when there is none. */
  render(request: RenderRequest): Promise<RenderedView>;
  /** No thread has anything left to do. */
  allIdle(): void;
  onError(error: unknown): void;
}

/** What is done with an event of a traffic thread. `host`: asked for at each event. */
export function trafficEvents(host: EventHost): (thread: number, event: TrafficEvent) => void {
  const { model, traffic } = host;
  const idle = new Set<number>();
  return (thread, event) => {
    switch (event.kind) {
      case 'log':
        host.logs.sendBatch(event.lines, event.dropped);
        // A thread that has ended has nothing to wait for.
        traffic.askOne(thread, { kind: 'made', what: 'log' }).catch(() => {});
        return;
      case 'server.error':
      case 'server.success': {
        const server = model.proxiesById.get(event.proxy)?.serversById.get(event.server);
        if (server !== undefined)
          host.health.report(
            server,
            event.layer,
            event.kind === 'server.error',
            event.kind === 'server.error' ? event.count : 1,
          );
        return;
      }
      case 'proc-vars':
        onRuleVars(host, thread, event.vars, event.dropped);
        return;
      case 'pattern-edits':
        void onRuleEdits(host, thread, event.edits, event.dropped);
        return;
      case 'queue.wake':
        traffic
          .askOne(event.thread, { kind: 'queue.wake', proxy: event.proxy, server: event.server })
          .catch((error) => host.onError(error));
        return;
      case 'idle.close':
        traffic.ask(event).catch((error) => host.onError(error));
        return;
      case 'debug':
        (host.logs.rings.get(event.ring || 'buf0') ?? host.logs.rings.get('stderr'))?.write(lineText(event.line));
        return;
      case 'resolve':
        host.resolvers.lookUp(event.section, event.name, event.prefer, (address) => {
          traffic
            .askOne(thread, { kind: 'resolved', request: event.request, address })
            .catch((error) => host.onError(error));
        });
        return;
      case 'render':
        void render(host, thread, event);
        return;
      case 'patterns.released':
        model.patterns.released(thread, event.header);
        return;
      case 'idle':
        idle.add(thread);
        if (idle.size === model.threads) host.allIdle();
        return;
      default:
        return;
    }
  };
}

/** Rules have set variables of the process: all threads get them, in the order in which they came here. */
function onRuleVars(host: EventHost, thread: number, vars: readonly ProcVarEdit[], dropped: number): void {
  const { model, traffic } = host;
  for (const { name, value } of vars) {
    if (value === null) model.procVars.delete(name);
    else model.procVars.set(name, value);
  }
  warnDropped(host, dropped, 'variables of the process');
  traffic.ask({ kind: 'proc-vars', vars }).catch((error) => host.onError(error));
  madeForRules(host, thread, 'proc-vars');
}

async function onRuleEdits(
  host: EventHost,
  thread: number,
  edits: readonly PatternEdit[],
  dropped: number,
): Promise<void> {
  warnDropped(host, dropped, 'maps and ACLs');
  await host.editPatterns(edits).catch((error) => host.onError(error));
  madeForRules(host, thread, 'pattern-edits');
}

function madeForRules({ traffic, onError }: EventHost, thread: number, what: 'pattern-edits' | 'proc-vars'): void {
  traffic.askOne(thread, { kind: 'made', what }).catch((error) => onError(error));
}

function warnDropped({ onError }: EventHost, dropped: number, of: string): void {
  if (dropped > 0)
    onError(new Error(`${dropped} edits of ${of} by rules were dropped: they came faster than they can be made`));
}

async function render(host: EventHost, thread: number, request: RenderRequest): Promise<void> {
  let view: RenderedView;
  try {
    view = await host.render(request);
  } catch (error) {
    host.onError(error);
    view = { status: 500, headers: [], body: '' };
  }
  host.traffic
    .askOne(thread, { kind: 'rendered', request: request.request, view })
    .catch((error) => host.onError(error));
}
