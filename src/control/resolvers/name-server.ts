import { createSocket, type Socket } from 'node:dgram';
import { createCounters, type NameServerCounters } from './counters.ts';
import { buildQuery, type Query, type QueryType, type ReadAnswer, readAnswer } from './message.ts';
import { randomId } from './random-id.ts';
import { TcpChannel } from './tcp-channel.ts';

export interface NameServerSettings {
  /** Name in the configuration, the address itself for those of resolv.conf. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly tcp: boolean;
  /** `accepted_payload_size`. */
  readonly payloadSize: number;
}

/** A query on its way. */
export interface Exchange {
  /** Its answer is no longer wanted: counted as outdated if it comes before the given time (ms), else not waited for. */
  abandon(afterMs: number): void;
}

/** UDP sockets open at a time; each query has one, with a source port of its own, until there are so many. */
const MAX_SOCKETS = 64;

interface Waiting {
  readonly query: Query;
  readonly socket: UdpSocket | null;
  /** null once abandoned. */
  onAnswer: ((answer: ReadAnswer) => void) | null;
  timer: NodeJS.Timeout | null;
}

/** One name server of a section: sends queries, and hands out the answers that belong to them. */
export class NameServer {
  readonly settings: NameServerSettings;
  readonly counters: NameServerCounters = createCounters();
  readonly #waiting = new Map<number, Waiting>();
  readonly #sockets: UdpSocket[] = [];
  #tcp: TcpChannel | null = null;

  constructor(settings: NameServerSettings) {
    this.settings = settings;
  }

  /**
   * Sends a query. `onAnswer` is called once, later, unless nothing comes. A truncated answer is asked for again over TCP.
   * Returns null when it could not be sent.
   */
  ask(name: string, type: QueryType, onAnswer: (answer: ReadAnswer) => void): Exchange | null {
    if (this.#waiting.size >= 0x8000) {
      this.counters.snd_error++;
      return null;
    }
    const query = buildQuery(randomId(this.#waiting), name, type, this.settings.payloadSize);
    const socket = this.settings.tcp ? null : this.#socket();
    const waiting: Waiting = { query, socket, onAnswer, timer: null };
    this.#waiting.set(query.id, waiting);
    this.counters.sent++;
    if (socket === null) this.#sendTcp(query);
    else socket.send(query.bytes);
    return {
      abandon: (afterMs) => {
        if (waiting.onAnswer === null || this.#waiting.get(query.id) !== waiting) return;
        waiting.onAnswer = null;
        waiting.timer = setTimeout(() => this.#forget(waiting), afterMs).unref();
      },
    };
  }

  /** Ends all exchanges without an answer. */
  close(): void {
    for (const waiting of [...this.#waiting.values()]) this.#forget(waiting);
    this.#tcp?.close();
    this.#tcp = null;
  }

  #forget(waiting: Waiting): void {
    if (waiting.timer) clearTimeout(waiting.timer);
    if (this.#waiting.get(waiting.query.id) === waiting) this.#waiting.delete(waiting.query.id);
    waiting.socket?.release();
  }

  #socket(): UdpSocket {
    if (this.#sockets.length >= MAX_SOCKETS) {
      const shared = this.#sockets[Math.floor(Math.random() * this.#sockets.length)]!;
      shared.users++;
      return shared;
    }
    const socket = new UdpSocket(this.settings.host, this.settings.port, {
      onMessage: (bytes) => this.#onDatagram(bytes, socket),
      onError: () => {
        this.counters.snd_error++;
      },
      onClose: () => {
        this.#sockets.splice(this.#sockets.indexOf(socket), 1);
      },
    });
    this.#sockets.push(socket);
    return socket;
  }

  #onDatagram(bytes: Uint8Array, socket: UdpSocket): void {
    if (bytes.length > this.settings.payloadSize) {
      this.counters.too_big++;
      return;
    }
    // The socket is connected: only the name server's address gets here. An answer must come to the port that asked.
    const waiting = this.#find(bytes);
    if (waiting === null || waiting.socket !== socket) {
      this.counters.outdated++;
      return;
    }
    const answer = readAnswer(bytes, waiting.query, this.settings.payloadSize);
    if (answer === 'stray') {
      this.counters.invalid++;
      return;
    }
    if ('error' in answer && answer.error === 'truncated' && waiting.onAnswer !== null) {
      this.counters.truncated++;
      this.#sendTcp(waiting.query);
      return;
    }
    this.#settle(waiting, answer);
  }

  #find(bytes: Uint8Array): Waiting | null {
    return bytes.length < 2 ? null : (this.#waiting.get((bytes[0]! << 8) | bytes[1]!) ?? null);
  }

  #settle(waiting: Waiting, answer: ReadAnswer): void {
    this.#forget(waiting);
    if (waiting.onAnswer === null) this.counters.outdated++;
    else waiting.onAnswer(answer);
  }

  #sendTcp(query: Query): void {
    this.#tcp ??= new TcpChannel(this.settings.host, this.settings.port, (bytes) => {
      const waiting = this.#find(bytes);
      const answer = waiting && readAnswer(bytes, waiting.query, bytes.length);
      if (waiting === null || answer === null) this.counters.outdated++;
      else if (answer === 'stray') this.counters.invalid++;
      else this.#settle(waiting, answer);
    });
    this.#tcp.send(query.bytes);
  }
}

interface UdpEvents {
  onMessage(bytes: Uint8Array): void;
  onError(): void;
  onClose(): void;
}

/** A connected UDP socket with a source port chosen by the system, open for as long as it has users. */
class UdpSocket {
  users = 1;
  readonly #socket: Socket;
  readonly #events: UdpEvents;
  #connected = false;
  #queued: Uint8Array[] = [];
  #closed = false;

  constructor(host: string, port: number, events: UdpEvents) {
    this.#events = events;
    const family = host.includes(':') ? 6 : 4;
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      lookup: (address, _options, callback) => callback(null, address, family),
    });
    this.#socket.unref();
    this.#socket.on('message', (bytes) => events.onMessage(bytes));
    this.#socket.on('error', () => events.onError());
    this.#socket.connect(port, host, (error?: Error) => this.#onConnect(error));
  }

  send(bytes: Uint8Array): void {
    if (!this.#connected) this.#queued.push(bytes);
    else {
      this.#socket.send(bytes, (error) => {
        if (error) this.#events.onError();
      });
    }
  }

  /** One user less; closed with the last. */
  release(): void {
    if (--this.users > 0 || this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.#events.onClose();
  }

  #onConnect(error?: Error): void {
    if (this.#closed) return;
    this.#connected = true;
    if (error) this.#events.onError();
    for (const bytes of this.#queued.splice(0)) this.send(bytes);
  }
}
