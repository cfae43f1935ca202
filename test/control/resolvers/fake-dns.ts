import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type Answer, decode, encode, type Packet, type StringAnswer } from 'dns-packet';
import type { Scope } from '../../support/wait.ts';

/** What the server does with a question: records, an error code, raw bytes, or nothing at all. */
export type Reply =
  | {
      readonly answers?: readonly Answer[];
      readonly additionals?: readonly Answer[];
      readonly rcode?: number;
      readonly truncated?: boolean;
    }
  | { readonly raw: (query: Buffer) => Buffer[] }
  | null;

export interface FakeDns {
  readonly port: number;
  /** Replies by `name TYPE`; others get NXDOMAIN, or no record where the name has another type. */
  readonly zone: Map<string, Reply>;
  /** `name TYPE` of every query, and where it came from. */
  readonly queries: {
    readonly question: string;
    readonly id: number;
    readonly sourcePort: number;
    readonly transport: 'udp' | 'tcp';
  }[];
  /** Resolves at the next query. */
  next(): Promise<void>;
}

export const a = (name: string, ...addresses: string[]): StringAnswer[] =>
  addresses.map((data) => ({ type: 'A', name, data, ttl: 5 }));
export const aaaa = (name: string, ...addresses: string[]): StringAnswer[] =>
  addresses.map((data) => ({ type: 'AAAA', name, data, ttl: 5 }));
export const cname = (name: string, data: string): StringAnswer => ({ type: 'CNAME', name, data, ttl: 5 });
export const srv = (name: string, target: string, port: number, weight = 0): Answer => ({
  type: 'SRV',
  name,
  data: { target, port, weight, priority: 1 },
  ttl: 5,
});

/** The bytes of a response to `query`. */
export function response(
  query: Buffer,
  reply: Exclude<Reply, { raw: unknown } | null>,
  transport: 'udp' | 'tcp' = 'udp',
): Buffer {
  const { id, questions } = decode(query);
  const truncated = reply.truncated && transport === 'udp';
  const flags = 0x0180 | (reply.rcode ?? 0) | (truncated ? 0x0200 : 0);
  const answers = truncated ? [] : [...(reply.answers ?? [])];
  return encode({
    type: 'response',
    id,
    flags,
    questions,
    answers,
    additionals: [...(reply.additionals ?? [])],
  } as Packet);
}

/** A name server on 127.0.0.1, over UDP and TCP on one port. */
export async function fakeDns(t: Scope, zone: Record<string, Reply> = {}): Promise<FakeDns> {
  const udp = createSocket('udp4');
  const tcp = createServer();
  const connections = new Set<Socket>();
  const waiting: (() => void)[] = [];
  const dns = { port: 0, zone: new Map(Object.entries(zone)), queries: [] as FakeDns['queries'] };

  const repliesTo = (query: Buffer, sourcePort: number, transport: 'udp' | 'tcp'): Buffer[] => {
    const { id = 0, questions = [] } = decode(query);
    const { name, type } = questions[0]!;
    dns.queries.push({ question: `${name} ${type}`, id, sourcePort, transport });
    for (const resolve of waiting.splice(0)) resolve();
    const known = dns.zone.get(`${name} ${type}`);
    if (known === null) return [];
    if (known !== undefined && 'raw' in known) return known.raw(query);
    const exists = [...dns.zone.keys()].some((key) => key.startsWith(`${name} `));
    return [response(query, known ?? { rcode: exists ? 0 : 3 }, transport)];
  };

  udp.on('message', (query, { port }) => {
    for (const reply of repliesTo(query, port, 'udp')) udp.send(reply, port, '127.0.0.1');
  });
  tcp.on('connection', (socket) => {
    connections.add(socket);
    let bytes = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE()) {
        const query = bytes.subarray(2, 2 + bytes.readUInt16BE());
        bytes = bytes.subarray(2 + query.length);
        for (const reply of repliesTo(query, socket.remotePort ?? 0, 'tcp')) {
          const framed = Buffer.alloc(2 + reply.length);
          framed.writeUInt16BE(reply.length);
          reply.copy(framed, 2);
          // In two pieces: messages need not come whole.
          socket.write(framed.subarray(0, 5));
          setImmediate(() => socket.write(framed.subarray(5)));
        }
      }
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  dns.port = (tcp.address() as { port: number }).port;
  udp.bind(dns.port, '127.0.0.1');
  await once(udp, 'listening');
  t.after(() => {
    udp.close();
    tcp.close();
    for (const socket of connections) socket.destroy();
  });
  return { ...dns, next: () => new Promise((resolve) => waiting.push(resolve)) };
}
