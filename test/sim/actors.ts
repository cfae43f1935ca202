import type { SimNetwork } from '../../src/net/sim.ts';
import type { Conn, ConnHandler } from '../../src/net/transport.ts';
import { asChunks, type Message, pattern, readMessage } from './messages.ts';

/** What a client asks for. */
export interface Ask {
  readonly id: number;
  readonly method: 'GET' | 'POST' | 'HEAD';
  /** Bytes of the request's and of the response's body. */
  readonly upload: number;
  readonly download: number;
  readonly chunkedUpload: boolean;
  readonly version: '1.0' | '1.1';
}

/** What a server may do to a request; chances from 0 to 1, the rest is answered well. */
export interface Manners {
  readonly silence: number;
  readonly hangUp: number;
  readonly cut: number;
  readonly reset: number;
  readonly garbage: number;
  /** Answers before the body has come. */
  readonly early: number;
}

export const wellBehaved: Manners = { silence: 0, hangUp: 0, cut: 0, reset: 0, garbage: 0, early: 0 };

/** A server that answers `/id/size` with the pattern of that id. `complaints` gathers what it should never have been sent. */
export async function simServer(
  network: SimNetwork,
  host: string,
  port: number,
  manners: Manners,
  complaints: string[],
): Promise<void> {
  await network.listen({ family: 'inet', host, port, fd: -1, backlog: 0, v6only: false, share: false }, (conn) => {
    conn.handler = new ServerSide(network, conn, manners, complaints);
    conn.start();
  });
}

abstract class Side implements ConnHandler {
  readonly network: SimNetwork;
  text = '';
  ended = false;

  constructor(network: SimNetwork) {
    this.network = network;
  }

  chance(of: number): boolean {
    return this.network.random() < of;
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.text += buffer.latin1Slice(start, end);
    this.progress();
  }

  abstract progress(): void;
  abstract onEnd(): void;
  abstract onError(code: string): void;
  onDrain(): void {}
  onConnect(): void {}
}

class ServerSide extends Side {
  readonly #conn: Conn;
  readonly #manners: Manners;
  readonly #complaints: string[];
  #busy = false;
  #silent = false;

  constructor(network: SimNetwork, conn: Conn, manners: Manners, complaints: string[]) {
    super(network);
    this.#conn = conn;
    this.#manners = manners;
    this.#complaints = complaints;
  }

  progress(): void {
    if (this.#busy || this.#silent || this.#conn.closed) return;
    const head = this.text.indexOf('\r\n\r\n');
    if (head >= 0 && this.chance(this.#manners.early)) {
      this.#reply(this.text.slice(0, this.text.indexOf('\r\n')), true);
      return;
    }
    const message = this.#read();
    if (message === null) {
      if (this.ended) this.#conn.destroy();
      return;
    }
    this.text = this.text.slice(message.size);
    this.#check(message);
    this.#busy = true;
    this.network.setTimer(this.network.random() * 20, () => {
      this.#busy = false;
      this.#reply(message.first, false);
      this.progress();
    });
  }

  #read(): Message | null {
    try {
      return readMessage(this.text, false, false);
    } catch (error) {
      this.#complaints.push(`server was sent: ${(error as Error).message}`);
      this.#conn.destroy(true);
      return null;
    }
  }

  #check(message: Message): void {
    const id = Number(message.headers.get('x-id'));
    const size = Number(message.headers.get('x-upload'));
    if (!/^(GET|POST|HEAD) \/\d+\/\d+ HTTP\/1\.[01]$/.test(message.first))
      this.#complaints.push(`request line ${message.first.slice(0, 80)}`);
    if (message.body !== pattern(id, size))
      this.#complaints.push(`body of request ${id}: ${message.body.length} bytes of ${size}`);
  }

  #reply(first: string, early: boolean): void {
    const conn = this.#conn;
    if (conn.closed) return;
    const manners = this.#manners;
    const [method, path, version] = first.split(' ');
    const [, id, size] = path!.split('/').map(Number);
    if (this.chance(manners.silence)) {
      this.#silent = true;
      if (this.ended) conn.destroy();
      return;
    }
    if (this.chance(manners.hangUp)) return conn.destroy();
    if (this.chance(manners.reset)) return conn.destroy(true);
    if (this.chance(manners.garbage)) {
      conn.writeLatin1('HTTP/9.9 what\r\n\r\n');
      return conn.closeGently();
    }
    const body = pattern(id!, size!);
    const old = version === 'HTTP/1.0';
    const framing = this.network.random() * (old ? 0.5 : 1);
    const byClose = framing < 0.1 || early || old;
    let answer = this.chance(0.05) && !old ? 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n' : '';
    answer += `HTTP/1.1 200 OK\r\nx-id: ${id}\r\n`;
    if (byClose) answer += 'connection: close\r\n';
    if (framing < 0.1) answer += '\r\n' + (method === 'HEAD' ? '' : body);
    else if (framing < 0.5) answer += `content-length: ${size}\r\n\r\n` + (method === 'HEAD' ? '' : body);
    else
      answer += 'transfer-encoding: chunked\r\n\r\n' + (method === 'HEAD' ? '' : asChunks(body, this.network.random));
    const cut = this.chance(manners.cut);
    if (cut) answer = answer.slice(0, Math.floor(this.network.random() * answer.length));
    this.#say(answer, byClose || cut);
  }

  /** Writes in one piece or in several with pauses. */
  #say(answer: string, close: boolean): void {
    const conn = this.#conn;
    if (conn.closed) return;
    if (answer.length > 1 && this.chance(0.3)) {
      const at = 1 + Math.floor(this.network.random() * (answer.length - 1));
      conn.writeLatin1(answer.slice(0, at));
      this.#busy = true;
      this.network.setTimer(this.network.random() * 50, () => {
        this.#busy = false;
        this.#say(answer.slice(at), close);
        this.progress();
      });
      return;
    }
    conn.writeLatin1(answer);
    if (close) conn.closeGently();
  }

  onEnd(): void {
    this.ended = true;
    this.progress();
    if (this.#silent) this.#conn.destroy();
  }

  onError(): void {}
}

/** How a client behaves. */
export interface Habits {
  readonly pipelined: boolean;
  /** Chance, at each event, that it leaves at once. */
  readonly leave: number;
  /** Reads slowly: stops for up to so many ms after each read. */
  readonly slow: number;
  /** Sends in pieces, with pauses of up to so many ms. */
  readonly trickle: number;
}

export interface Answer {
  readonly ask: Ask;
  readonly status: number;
  readonly message: Message;
}

/** A client that sends its requests over one connection and gathers what comes back. */
export class SimClient extends Side {
  readonly asks: readonly Ask[];
  readonly answers: Answer[] = [];
  /** It went away by itself before it was done. */
  left = false;
  /** How the connection ended: '' not yet, 'end', 'done', or an errno name. */
  end = '';
  readonly #habits: Habits;
  readonly #conn: Conn;
  #next = 0;
  #unsent = '';
  #sending = false;
  #connected = false;

  constructor(network: SimNetwork, host: string, port: number, asks: readonly Ask[], habits: Habits) {
    super(network);
    this.asks = asks;
    this.#habits = habits;
    this.#conn = network.connect({ family: 'inet', host, port, sourceHost: null, sourcePort: 0 }, this);
    // Nobody waits for ever.
    network.setTimer(600_000, () => this.#finish(this.#connected ? 'patience' : 'never connected'));
  }

  override onConnect(): void {
    this.#connected = true;
    this.#ask();
  }

  #ask(): void {
    while (this.#next < this.asks.length && (this.#habits.pipelined || this.#next === this.answers.length)) {
      this.#unsent += requestText(this.asks[this.#next++]!, this.network.random);
    }
    if (!this.#sending) this.#send();
  }

  #send(): void {
    this.#sending = false;
    if (this.#conn.closed || this.#unsent === '') return;
    if (this.#leaves()) return;
    const { trickle } = this.#habits;
    const size =
      trickle > 0
        ? 1 + Math.floor(this.network.random() * this.network.random() * this.#unsent.length)
        : this.#unsent.length;
    this.#conn.writeLatin1(this.#unsent.slice(0, size));
    this.#unsent = this.#unsent.slice(size);
    if (this.#unsent === '') return;
    this.#sending = true;
    this.network.setTimer(this.network.random() * trickle, () => this.#send());
  }

  #leaves(): boolean {
    if (!this.chance(this.#habits.leave)) return false;
    this.left = true;
    this.#conn.destroy(this.chance(0.5));
    this.end = 'left';
    return true;
  }

  progress(): void {
    if (this.#leaves()) return;
    for (;;) {
      const ask = this.asks[this.answers.length];
      if (ask === undefined) break;
      const message = readMessage(this.text, ask.method === 'HEAD' && !/^HTTP\/1.1 1/.test(this.text), this.ended);
      if (message === null) break;
      this.text = this.text.slice(message.size);
      const status = Number(message.first.split(' ')[1]);
      if (status < 200) continue;
      this.answers.push({ ask, status, message });
    }
    if (this.answers.length === this.asks.length) {
      this.#finish('done');
      return;
    }
    this.#ask();
    const { slow } = this.#habits;
    if (slow === 0 || this.#conn.closed) return;
    this.#conn.pause();
    this.network.setTimer(this.network.random() * slow, () => this.#conn.resume());
  }

  onEnd(): void {
    this.ended = true;
    this.progress();
    this.#finish('end');
  }

  onError(code: string): void {
    this.end ||= code;
  }

  #finish(how: string): void {
    if (this.end !== '') return;
    this.end = how;
    this.#conn.destroy();
  }
}

function requestText(ask: Ask, random: () => number): string {
  const head = `${ask.method} /${ask.id}/${ask.download} HTTP/${ask.version}\r\nhost: sim\r\nx-id: ${ask.id}\r\nx-upload: ${ask.upload}\r\n`;
  const keep = ask.version === '1.0' ? 'connection: keep-alive\r\n' : '';
  const body = pattern(ask.id, ask.upload);
  if (ask.method !== 'POST') return `${head}${keep}\r\n`;
  return ask.chunkedUpload
    ? `${head}${keep}transfer-encoding: chunked\r\n\r\n${asChunks(body, random)}`
    : `${head}${keep}content-length: ${ask.upload}\r\n\r\n${body}`;
}
