import type { Socket } from 'node:net';
import type { BindConfig } from '../config/types.ts';
import type { Control } from '../control/types.ts';
import { COMMANDS } from './commands/index.ts';
import type { Level } from './levels.ts';
import { type CliListener, listen } from './listen.ts';
import { Registry } from './registry.ts';
import { Session } from './session.ts';

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
  readonly sockets: readonly { readonly name: string; readonly port: number; readonly level: Level }[];
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
  const sessions = new Set<Session>();
  const listeners: CliListener[] = [];
  const sockets: { name: string; port: number; level: Level }[] = [];
  let paused = false;
  const pauseOrResume = () => {
    const full = sessions.size >= options.maxconn;
    if (full === paused) return;
    paused = full;
    for (const listener of listeners) full ? listener.pause() : listener.resume();
  };
  const serve = (bind: BindConfig, name: () => string, socket: Socket) => {
    const session = new Session(socket, {
      control,
      registry,
      level: bind.level,
      severity: bind.severityOutput,
      timeout: options.timeout,
      from: socket.remoteAddress === undefined ? name() : `${socket.remoteAddress}:${socket.remotePort}`,
      sockets: () => sockets,
    });
    sessions.add(session);
    pauseOrResume();
    void session.run().finally(() => {
      sessions.delete(session);
      pauseOrResume();
    });
  };
  const close = async () => {
    for (const session of sessions) session.socket.destroy();
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  };
  try {
    for (const bind of binds) {
      const listener: CliListener = listen(bind, (socket) => serve(bind, () => listener.name, socket));
      listeners.push(listener);
      sockets.push({ name: listener.name, port: listener.port, level: bind.level });
    }
  } catch (problem) {
    await close();
    throw problem;
  }
  return { close, sockets };
}
