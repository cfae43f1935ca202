import type { BindConfig } from '../config/types.ts';
import type { Control } from '../control/types.ts';
import { COMMANDS } from './commands/index.ts';
import { Registry } from './registry.ts';
import { Session } from './session.ts';
import { type CliSocket, CliSockets, type SocketsOptions } from './sockets.ts';

export interface RuntimeApiOptions {
  /** Clients served at a time over all sockets (`stats maxconn`); more wait in the sockets' queues. */
  readonly maxconn: number;
  /** Idle timeout of connections, ms, 0 = none (`stats timeout`). */
  readonly timeout: number;
}

/** The running Runtime API. */
export interface RuntimeApi {
  /** Ends all connections and removes the sockets. */
  close(): Promise<void>;
  /** Answers those who have connected by now, as far as they ask within a second. */
  finish(): Promise<void>;
  readonly sockets: readonly CliSocket[];
  /** Puts other sockets and settings in force; clients stay. Returns what could not be opened. */
  reconfigure(binds: readonly BindConfig[], options: RuntimeApiOptions): Promise<string[]>;
}

/** The commands of stats sockets and of the master CLI. */
export const registry = new Registry(COMMANDS);

/**
 * Opens the `stats socket`s and serves the Runtime API on them. Rejects with an Error for operators when one cannot be opened; none
 * is left open then.
 */
export async function startRuntimeApi(
  control: Control,
  binds: readonly BindConfig[],
  options: RuntimeApiOptions,
): Promise<RuntimeApi> {
  let { timeout } = options;
  const settings: SocketsOptions = {
    maxconn: options.maxconn,
    tls: () => control.model.config.global.tls,
    session: (socket, bound) =>
      new Session(socket, { ...bound, control, registry, timeout, sockets: () => sockets.sockets }),
  };
  const sockets: CliSockets = new CliSockets(settings);
  await sockets.open(binds);
  return {
    close: () => sockets.close(),
    finish: () => sockets.finish(1000),
    sockets: sockets.sockets,
    reconfigure: (wanted, changed) => {
      timeout = changed.timeout;
      settings.maxconn = changed.maxconn;
      return sockets.reconfigure(wanted);
    },
  };
}
