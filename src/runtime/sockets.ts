import type { Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { BindConfig } from '../config/types.ts';
import type { Level } from './levels.ts';
import { type CliListener, listen } from './listen.ts';
import type { GlobalTls } from './secure-front.ts';
import type { Session, SessionOptions } from './session.ts';

/** An open CLI socket. */
export interface CliSocket {
  /** As `show cli sockets` names it. */
  readonly name: string;
  /** Port given by the system for TCP, else 0. */
  readonly port: number;
  readonly level: Level;
}

export interface SocketsOptions {
  /** Clients served at a time over all sockets; more wait in the sockets' queues. */
  maxconn: number;
  readonly tls: GlobalTls;
  /** Makes the session of a client. */
  readonly session: (
    socket: Socket,
    bound: Pick<SessionOptions, 'level' | 'severity' | 'from' | 'exposesListeners'>,
  ) => Session;
}

/** A group of CLI sockets with one limit of clients. */
export class CliSockets {
  readonly sockets: CliSocket[] = [];
  readonly #options: SocketsOptions;
  readonly #listeners: CliListener[] = [];
  /** What the listeners were opened for, in their order. */
  readonly #binds: BindConfig[] = [];
  readonly #sessions = new Set<Session>();
  /** Clients that were accepted before the pause took hold. */
  readonly #waiting: { readonly socket: Socket; readonly serve: () => void }[] = [];
  #paused = false;

  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  /** Opens all sockets or none; throws an Error for operators. */
  async open(binds: readonly BindConfig[]): Promise<void> {
    try {
      for (const bind of binds) this.#open(bind);
    } catch (problem) {
      await this.close();
      throw problem;
    }
  }

  /**
   * Opens and closes sockets so that those of `binds` are there; what is written as before stays as it is, connections too, but files of
   * TLS are read again. Returns what could not be opened or read.
   */
  async reconfigure(binds: readonly BindConfig[]): Promise<string[]> {
    const wanted = [...binds];
    const problems: string[] = [];
    for (let i = this.#binds.length - 1; i >= 0; i--) {
      const kept = wanted.findIndex((bind) => isSame(bind, this.#binds[i]!));
      if (kept >= 0) {
        wanted.splice(kept, 1);
        this.#renew(this.#listeners[i]!, problems);
      } else {
        const [listener] = this.#listeners.splice(i, 1);
        this.#binds.splice(i, 1);
        this.sockets.splice(i, 1);
        await listener!.close();
      }
    }
    for (const bind of wanted) {
      try {
        this.#open(bind);
      } catch (problem) {
        problems.push((problem as Error).message);
      }
    }
    return problems;
  }

  #renew(listener: CliListener, problems: string[]): void {
    try {
      listener.renew();
    } catch (problem) {
      problems.push(`${(problem as Error).message}: stats socket ${listener.name}; what was read before stays in use`);
    }
  }

  #open(bind: BindConfig): void {
    const listener: CliListener = listen(bind, {
      tls: this.#options.tls,
      onConnection: (socket) => this.#accept(bind, listener.name, socket),
    });
    this.#listeners.push(listener);
    this.#binds.push(bind);
    this.sockets.push({ name: listener.name, port: listener.port, level: bind.level });
    if (this.#paused) listener.pause();
  }

  /**
   * Answers those who have connected by now, before the process ends; for at most `ms`, as they may not ask anything. Who has a prompt is not
   * waited for.
   */
  async finish(ms: number): Promise<void> {
    const until = Date.now() + ms;
    // Who has connected may still be in the queue of a socket.
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    while (Date.now() < until && (this.#waiting.length > 0 || this.#sessions.values().some(isAsking)))
      await setTimeout(10);
  }

  /** Ends all connections and removes the sockets. */
  async close(): Promise<void> {
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
    for (const session of this.#sessions) session.connection.socket.destroy();
    this.#binds.length = 0;
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  #accept(bind: BindConfig, name: string, socket: Socket): void {
    const serve = () => this.#serve(bind, name, socket);
    if (this.#paused) this.#waiting.push({ socket: socket.on('error', () => socket.destroy()), serve });
    else serve();
  }

  #serve(bind: BindConfig, name: string, socket: Socket): void {
    const from = socket.remoteAddress === undefined ? name : `${socket.remoteAddress}:${socket.remotePort}`;
    const session = this.#options.session(socket, {
      level: bind.level,
      severity: bind.severityOutput,
      from,
      exposesListeners: bind.exposeFdListeners,
    });
    this.#sessions.add(session);
    this.#pauseOrResume();
    void session.run().then(() => {
      this.#sessions.delete(session);
      this.#pauseOrResume();
      if (!this.#paused) this.#waiting.shift()?.serve();
    });
  }

  #pauseOrResume(): void {
    const full = this.#sessions.size >= this.#options.maxconn;
    if (full === this.#paused) return;
    this.#paused = full;
    for (const listener of this.#listeners) full ? listener.pause() : listener.resume();
  }
}

/** One that ends by itself once it is answered. */
function isAsking({ interactive }: Session): boolean {
  return !interactive;
}

/** The same but for where it is written. */
function isSame(one: BindConfig, other: BindConfig): boolean {
  return isDeepStrictEqual({ ...one, at: null }, { ...other, at: null });
}
