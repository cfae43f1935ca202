/** Log lines that no log-format makes: of connections that failed before a request, and of proxies without a format (HAProxy manual, section 8.2). */

import type { ExprContext } from '../types.ts';
import { localDateWithMs } from './dates.ts';

type Connection = Pick<ExprContext, 'source' | 'destination' | 'frontend' | 'listenerId' | 'listenerName'> & {
  readonly log: Pick<ExprContext['log'], 'acceptDate'>;
};

/** `192.0.2.7:1234 [09/Feb/2024:12:12:51.007] fe/public: message`, for a failed handshake or a bad PROXY protocol header. */
export function connectionErrorLine(connection: Connection, message: string): string {
  const { source, frontend, listenerId, listenerName, log } = connection;
  const client = source.host === '' ? `unix:${listenerId}` : `${source.host}:${source.port}`;
  const listener = listenerName === '' ? listenerId : listenerName;
  return `${client} [${localDateWithMs(log.acceptDate)}] ${frontend.name}/${listener}: ${message}`;
}

/** `Connect from 192.0.2.7:1234 to 192.0.2.1:80 (fe/HTTP)`, logged at the start when no log-format is set. */
export function connectLine(connection: Connection, mode: 'HTTP' | 'TCP'): string {
  const { source, destination, frontend, listenerId } = connection;
  if (source.host === '') return `Connect from unix:${listenerId} (${frontend.name}/${mode})`;
  const client = `${source.host}:${source.port}`;
  return `Connect from ${client} to ${destination.host}:${destination.port} (${frontend.name}/${mode})`;
}
