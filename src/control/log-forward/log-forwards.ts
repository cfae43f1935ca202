import type { Socket } from 'node:net';
import type { BindConfig, Config, LogForwardConfig } from '../../config/types.ts';
import type { ProcessLogs } from '../logs/logs.ts';
import { same } from '../reload-plan.ts';
import { SyslogFrames, withoutEnd } from './frames.ts';
import { parseSyslog, type SyslogMessage } from './message.ts';
import { type LogSocket, listenForLogs, receiveLogs, type TakeConnection, type TakeDatagram } from './sockets.ts';

/** Sections that could be opened, or why they could not. */
type StagedForwards =
  | { readonly problems: readonly string[] }
  | { /** Puts them in force. */ commit(): void /** Gives them up. */; abandon(): void };

/** The `log-forward` sections at work: logs of others come in and go to the sections' targets. */
export interface LogForwards {
  /** Messages since the start. */
  readonly received: number;
  /** Listens for sections of another configuration; nothing else changes yet. */
  stage(config: Config): Promise<StagedForwards>;
  /** Takes no more connections and datagrams; connections that are open end. */
  close(): void;
}

/** A socket by its `bind` line. */
interface Opened {
  readonly bind: BindConfig;
  readonly backlog: number | null;
  readonly stream: LogSocket<TakeConnection> | null;
  readonly datagram: LogSocket<TakeDatagram> | null;
}

/** Connections of a section: those that are read from, and what starts that for those that wait. */
interface Connections {
  readonly open: Set<Socket>;
  readonly waiting: Map<Socket, () => void>;
}

/** Connections that may wait for a place; more are refused. */
const MAX_WAITING = 1024;

interface Section {
  readonly config: LogForwardConfig;
  readonly sockets: readonly Opened[];
}

/** No sections yet: they come with the first configuration that is staged. `logs`: what sends messages on. */
export function createLogForwards(logs: () => Pick<ProcessLogs, 'forward'>): LogForwards {
  return new Forwarding(logs);
}

class Forwarding implements LogForwards {
  received = 0;
  readonly #logs: () => Pick<ProcessLogs, 'forward'>;
  #sections: readonly Section[] = [];
  /** Open connections by the name of their section. */
  readonly #connections = new Map<string, Connections>();

  constructor(logs: () => Pick<ProcessLogs, 'forward'>) {
    this.#logs = logs;
  }

  async stage(config: Config): Promise<StagedForwards> {
    const fresh: Opened[] = [];
    const abandon = () => fresh.forEach(close);
    // Each is used once: two lines may have the same address.
    const known = new Set(this.#sections.flatMap(({ sockets }) => sockets));
    const wanted: Section[] = [];
    for (const section of config.logForwards) {
      const sockets: Opened[] = [];
      for (const { bind, backlog, datagrams } of lines(section)) {
        const there = [...known].find((one) => isSame(one, bind, backlog, datagrams));
        if (there !== undefined) known.delete(there);
        const opened = there ?? (await openSocket(bind, backlog, datagrams));
        if (typeof opened === 'string') {
          abandon();
          const { file, line } = bind.at;
          return { problems: [`Binding [${file}:${line}] for log-forward ${section.name}: ${opened}`] };
        }
        if (there === undefined) fresh.push(opened);
        sockets.push(opened);
      }
      wanted.push({ config: section, sockets });
    }
    return { commit: () => this.#replace(wanted, config), abandon };
  }

  close(): void {
    for (const { sockets } of this.#sections) sockets.forEach(close);
    this.#sections = [];
    for (const name of this.#connections.keys()) this.#disconnect(name);
  }

  #disconnect(name: string): void {
    const { open, waiting } = this.#connections.get(name)!;
    for (const socket of [...waiting.keys(), ...open]) socket.destroy();
    this.#connections.delete(name);
  }

  #replace(wanted: readonly Section[], { global }: Config): void {
    const kept = new Set(wanted.flatMap(({ sockets }) => sockets));
    for (const { sockets } of this.#sections) for (const one of sockets) if (!kept.has(one)) close(one);
    this.#sections = wanted;
    const longest = global.tune.bufsize;
    for (const { config, sockets } of wanted) {
      for (const { stream, datagram } of sockets) {
        if (stream !== null) stream.take = (socket) => this.#accept(socket, config, longest);
        if (datagram !== null)
          datagram.take = (bytes, from) =>
            this.#forward(config, withoutEnd(bytes.latin1Slice(0, Math.min(bytes.length, longest))), from);
      }
    }
    for (const name of this.#connections.keys())
      if (!wanted.some(({ config }) => config.name === name)) this.#disconnect(name);
  }

  /** Beyond `maxconn`, connections are not read from until others have ended. */
  #accept(socket: Socket, config: LogForwardConfig, longest: number): void {
    const { name, maxconn } = config;
    const connections = this.#connections.get(name) ?? { open: new Set(), waiting: new Map() };
    this.#connections.set(name, connections);
    const { open, waiting } = connections;
    if (waiting.size >= MAX_WAITING) {
      socket.destroy();
      return;
    }
    const start = () => {
      open.add(socket);
      this.#read(socket, config, longest);
    };
    socket.unref();
    socket.on('error', () => {});
    socket.on('close', () => {
      waiting.delete(socket);
      if (!open.delete(socket)) return;
      const [next] = waiting;
      if (next === undefined) return;
      waiting.delete(next[0]);
      next[1]();
    });
    if (maxconn > 0 && open.size >= maxconn) waiting.set(socket, start);
    else start();
  }

  #read(socket: Socket, config: LogForwardConfig, longest: number): void {
    const from = socket.remoteAddress ?? '';
    const frames = new SyslogFrames(longest, config.linesOnly);
    if (config.timeoutClient !== null) socket.setTimeout(config.timeoutClient, () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      const { messages, bad } = frames.take(bytes);
      for (const message of messages) this.#forward(config, message, from);
      if (bad) socket.destroy();
    });
    socket.on('end', () => socket.end());
    socket.resume();
  }

  /** As the section is now, which a reload may have changed since the connection was accepted. */
  #forward({ name }: LogForwardConfig, bytes: string, from: string): void {
    const config = this.#sections.find((section) => section.config.name === name)?.config;
    if (config === undefined) return;
    this.received++;
    const message = config.unparsed ? unread(bytes) : parseSyslog(bytes);
    this.#logs().forward(config.logs, { ...message, host: hostOf(config.host, message.host, from) });
  }
}

/** A message of which nothing is known. */
function unread(text: string): SyslogMessage {
  return { ...parseSyslog(''), text };
}

/** `option host`: who is told to have sent a message. `from`: the address that it came from. */
function hostOf(option: LogForwardConfig['host'], host: string | null, from: string): string | null {
  if (option === 'keep') return host;
  if (option === 'replace' || host === null) return from;
  return option === 'fill' ? host : `${host},${from}`;
}

function* lines({ binds, datagramBinds, backlog }: LogForwardConfig) {
  for (const bind of binds) yield { bind, backlog, datagrams: false };
  for (const bind of datagramBinds) yield { bind, backlog: null, datagrams: true };
}

function isSame(one: Opened, bind: BindConfig, backlog: number | null, datagrams: boolean): boolean {
  return (one.datagram !== null) === datagrams && one.backlog === backlog && same(one.bind, bind);
}

/** Opens a socket; why that cannot be done. */
async function openSocket(bind: BindConfig, backlog: number | null, datagrams: boolean): Promise<Opened | string> {
  const { address } = bind;
  if (!('host' in address)) return 'not an IP address';
  try {
    const at = { ...bind, address };
    return datagrams
      ? { bind, backlog, stream: null, datagram: await receiveLogs(at) }
      : { bind, backlog, stream: await listenForLogs(at, backlog), datagram: null };
  } catch (error) {
    return (error as Error).message;
  }
}

function close({ stream, datagram }: Opened): void {
  stream?.close();
  datagram?.close();
}
