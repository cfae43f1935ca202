import type { TrafficCommand, TrafficLink } from '../model/messages.ts';
import type { Model } from '../model/model.ts';

/**
 * The way of Changes to the traffic threads. While it is held, what is asked of it only gathers; `release` sends it in one message to
 * each thread, which carries it out between two events: a connection sees all of it or nothing.
 */
export interface TrafficSwitch extends TrafficLink {
  /** Past the hold: for what the outcome of a Change depends on (ending one session), and for sockets, which are opened and closed at once. */
  readonly straight: TrafficLink;
  /** From now on commands gather. */
  hold(): void;
  /** Sends what has gathered. Rejects when a thread refuses it. */
  release(): Promise<void>;
  /** Forgets gathered commands that end streams: the reason for them is being taken back. */
  spareStreams(): void;
}

/** A switch on the link to the threads. */
export function trafficSwitch(link: TrafficLink): TrafficSwitch {
  let held: TrafficCommand[] | null = null;
  return {
    get threads() {
      return link.threads;
    },
    straight: link,
    async ask(command) {
      if (held === null) return link.ask(command);
      held.push(command);
      return [];
    },
    hold() {
      held ??= [];
    },
    async release() {
      const commands = inOrder(held ?? []);
      held = null;
      if (commands.length > 0) await link.ask(commands.length === 1 ? commands[0]! : { kind: 'batch', commands });
    },
    spareStreams() {
      held = held?.filter((command) => command.kind !== 'streams.kill') ?? null;
    },
  };
}

/** Streams end when their server is out already. */
function inOrder(commands: readonly TrafficCommand[]): TrafficCommand[] {
  const ends = (command: TrafficCommand) => command.kind === 'streams.kill';
  return [...commands.filter((command) => !ends(command)), ...commands.filter(ends)];
}

/** A switch of a model that no thread follows: for rehearsals. */
export function deadSwitch({ threads }: Pick<Model, 'threads'>): TrafficSwitch {
  const link: TrafficLink = { threads, ask: async () => [] };
  return { ...link, straight: link, hold() {}, release: async () => {}, spareStreams() {} };
}
