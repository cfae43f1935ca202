import type { StreamView } from '../model/messages.ts';
import { Phase } from './phase.ts';
import type { Stream } from './stream.ts';

/** Names of the phases in `show sess`. */
const PHASE_NAMES: readonly string[] = ['INI', 'RUL', 'QUE', 'TAR', 'CON', 'RSP', 'RUL', 'EST', 'TUN', 'CLO'];

/** A stream as `show sess` tells it. */
export function streamView(stream: Stream): StreamView {
  const { client, frontend, backend, server, log } = stream;
  return {
    id: streamPointer(stream),
    thread: stream.env.thread,
    proto: client!.source.host === '' ? 'unix_stream' : client!.source.host.includes(':') ? 'tcpv6' : 'tcpv4',
    source: client!.source.host === '' ? 'unix:1' : `${client!.source.host}:${client!.source.port}`,
    frontend: frontend.name,
    frontendId: frontend.id,
    frontendMode: frontend.config.mode,
    listener: stream.listenerName,
    listenerId: stream.listenerId,
    destination: `${client!.destination.host}:${client!.destination.port}`,
    backend: backend?.name ?? null,
    backendId: backend?.id ?? 0,
    backendMode: backend?.config.mode ?? '',
    server: server?.name ?? null,
    serverId: server?.id ?? 0,
    serverAddress: server === null ? '' : `${server.view.host}:${server.view.port}`,
    localAddress:
      stream.serverConn === null || !stream.serverConn.established ? '' : `${log.localHost}:${log.localPort}`,
    startedAt: log.acceptDate,
    lastActive: log.requestDate,
    expires: stream.expires,
    state: PHASE_NAMES[stream.phase]!,
    method: log.requestLine.split(' ')[0] ?? '',
    uri: log.requestLine.split(' ')[1] ?? '',
    status: stream.statusSent,
    bytesIn: log.bytesUploaded,
    bytesOut: log.bytesRead,
    retries: stream.retries,
    queued: stream.queue !== null,
    requestState: stream.raw ? 'MSG_TUNNEL' : stream.reqBody.done ? 'MSG_DONE' : 'MSG_DATA',
    responseState: stream.phase < Phase.relay ? 'MSG_RPBEFORE' : stream.resBody.done ? 'MSG_DONE' : 'MSG_DATA',
  };
}

/** Name of a stream on the Runtime API: looks like HAProxy's pointers, unique over threads. */
export function streamPointer(stream: Stream): string {
  return '0x' + (0x7f0000000000 + stream.env.thread * 0x100000000 + stream.id * 16).toString(16);
}
