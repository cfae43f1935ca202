import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { Duplex } from 'node:stream';
import type { Conn } from '../../net/transport.ts';
import type { ConnectionEvents } from './connection.ts';
import { type HttpResponse, ResponseHead } from './http-response.ts';

/** A request of a check over HTTP/2. */
export interface H2Request {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  /** latin1 */
  readonly body: string;
}

/** Node's HTTP/2 on the connection of a check: one request after the other. */
export class CheckH2 {
  readonly #session: ClientHttp2Session;
  readonly #wire: Wire;
  readonly #secure: boolean;
  readonly #events: ConnectionEvents;
  #stream: ClientHttp2Stream | null = null;
  #head: ResponseHead | null = null;
  #complete = false;

  constructor(conn: Conn, secure: boolean, events: ConnectionEvents) {
    this.#events = events;
    this.#secure = secure;
    this.#wire = new Wire(conn);
    // Loaded where a check needs it: every start would take the longer for an import.
    const { connect } = process.getBuiltinModule('node:http2');
    this.#session = connect(`${secure ? 'https' : 'http'}://localhost`, { createConnection: () => this.#wire });
    this.#session.on('error', () => events.onFailure(PROTOCOL_ERROR));
  }

  /** What came from the server; null: its end. */
  receive(bytes: Buffer | null): void {
    this.#wire.push(bytes);
  }

  send({ method, path, headers, body }: H2Request): void {
    this.#stream?.close();
    this.#head = null;
    this.#complete = false;
    const fields: Record<string, string | string[]> = {
      ':method': method,
      ':path': path,
      ':scheme': this.#secure ? 'https' : 'http',
    };
    for (const [name, value] of headers) {
      const known = fields[name === 'host' ? ':authority' : name];
      fields[name === 'host' ? ':authority' : name] = known === undefined ? value : [known, value].flat();
    }
    const stream = this.#session.request(fields, { endStream: body === '' });
    this.#stream = stream;
    stream.on('response', (answer) => {
      this.#head = headOf(answer);
      this.#events.onData(NOTHING);
    });
    stream.on('data', (bytes: Buffer) => this.#events.onData(bytes));
    stream.on('end', () => {
      this.#complete = true;
      this.#events.onData(NOTHING);
    });
    stream.on('error', () => this.#events.onFailure(PROTOCOL_ERROR));
    if (body !== '') stream.end(body, 'latin1');
  }

  /** The answer with what came of its body; null while its head is not there. */
  response(body: string): HttpResponse | null {
    return this.#head === null ? null : { head: this.#head, body, complete: this.#complete };
  }

  close(): void {
    this.#stream?.removeAllListeners();
    this.#stream?.on('error', () => undefined);
    this.#session.removeAllListeners('error');
    this.#session.on('error', () => undefined);
    this.#session.destroy();
  }
}

const NOTHING = Buffer.alloc(0);
const PROTOCOL_ERROR = 'Protocol error';

function headOf(answer: IncomingHttpHeaders & { ':status'?: number | undefined }): ResponseHead {
  const pairs = Object.entries(answer).flatMap(([name, value]) =>
    name.startsWith(':') ? [] : [value ?? []].flat().map((one) => [name, String(one)] as const),
  );
  return new ResponseHead(
    answer[':status'] ?? 0,
    '',
    20,
    pairs.map(([name]) => name),
    pairs.map(([, value]) => value),
  );
}

/** A connection as a stream. */
class Wire extends Duplex {
  readonly #conn: Conn;

  constructor(conn: Conn) {
    super({ allowHalfOpen: true });
    this.#conn = conn;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (!this.#conn.closed) this.#conn.write(chunk, 0, chunk.length);
    done();
  }
}
