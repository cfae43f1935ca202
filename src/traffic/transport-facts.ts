import type { ConnectionFacts, TransportFacts } from '../expr/types.ts';
import { LibcError, type TcpInfo, takeSavedSyn, tcpInfo } from '../util/libc.ts';
import type { Stream } from './stream.ts';

/** The kernel's figures of a connection; null for what is no TCP connection, or none any more. */
function figuresOf(fd: number): TcpInfo | null {
  if (fd < 0) return null;
  try {
    return tcpInfo(fd);
  } catch (error) {
    if (error instanceof LibcError) return null;
    throw error;
  }
}

/** Headers of the packet that began a connection; '' where the kernel has not kept them. */
function savedSynOf(fd: number): string {
  if (fd < 0) return '';
  try {
    return Buffer.from(takeSavedSyn(fd)).latin1Slice();
  } catch (error) {
    if (error instanceof LibcError) return '';
    throw error;
  }
}

/** What sample fetches may ask of the client's connection. */
export function clientFacts(stream: Stream): ConnectionFacts {
  const client = stream.client!;
  const { proxied, base } = client;
  const source = base.connectionSource ?? client.source;
  const destination = base.connectionDestination ?? client.destination;
  const transport: TransportFacts = {
    error: base.error,
    streams: base.streams,
    streamsLimit: base.streamsLimit,
    glitches: base.glitches,
    // HTTP/1 has one after the other, from 0 on.
    streamId: client.id ?? client.exchanges - 1,
    aborted: stream.clientEnded || client.resetCode >= 0,
    resetCode: client.resetCode,
    tcpInfo: () => figuresOf(base.conn.fd),
    savedSyn: () => (base.savedSyn ??= savedSynOf(base.conn.fd)),
  };
  const facts = { source, destination, proxied, error: base.error, transport, tlv: (type: number) => base.tlv(type) };
  return client.proto === 'tcp' ? facts : { ...facts, httpMajor: client.proto === 'h2' ? 2 : 1 };
}

/** What sample fetches may ask of the server's connection; null without one. */
export function serverFacts({ serverConn, serverEnded }: Stream): TransportFacts | null {
  if (serverConn === null) return null;
  const { mux, conn, uses } = serverConn;
  return {
    error: 0,
    streams: mux?.framing.streams.size ?? 1,
    streamsLimit: mux?.limit ?? 1,
    glitches: mux?.framing.glitches ?? 0,
    streamId: mux === null ? uses : (conn as { readonly id?: number }).id!,
    aborted: serverEnded,
    resetCode: -1,
    tcpInfo: () => figuresOf((mux?.conn ?? conn).fd),
    savedSyn: () => '',
  };
}

/** Puts a text into a place of the log's captures, cut to its length; a place that is not there takes nothing. */
export function captureText(stream: Stream, side: 'request' | 'response', slot: number, text: string): boolean {
  const slots = stream.frontend.rules?.slots?.[side];
  if (slots === undefined || slot >= slots.length) return false;
  const key = side === 'request' ? 'requestCaptures' : 'responseCaptures';
  const captures = slots.map((_slot, i) => stream.log[key][i] ?? null);
  captures[slot] = text.slice(0, slots[slot]!.length);
  stream.log[key] = captures;
  return true;
}
