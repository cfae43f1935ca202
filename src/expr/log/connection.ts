/** Log lines that no log-format makes: of connections that failed before a request, and of proxies without a format (HAProxy manual, section 8.2). */

import type { ExprContext } from '../types.ts';
import { localDateWithMs } from './dates.ts';

type Connection = Pick<ExprContext, 'source' | 'destination' | 'frontend' | 'listenerId' | 'listenerName'> & {
  readonly log: Pick<ExprContext['log'], 'acceptDate' | 'overIp'>;
};

/** `192.0.2.7:1234 [09/Feb/2024:12:12:51.007] fe/public: message`, for a failed handshake or a bad PROXY protocol header. */
export function connectionErrorLine(connection: Connection, message: string): string {
  const { frontend, listenerId, listenerName, log } = connection;
  const listener = listenerName === '' ? listenerId : listenerName;
  return `${clientOf(connection)} [${localDateWithMs(log.acceptDate)}] ${frontend.name}/${listener}: ${message}`;
}

/** `Connect from 192.0.2.7:1234 to 192.0.2.1:80 (fe/HTTP)`, logged at the start when no log-format is set. */
export function connectLine(connection: Connection, mode: 'HTTP' | 'TCP'): string {
  const { source, destination, frontend } = connection;
  const client = clientOf(connection);
  if (source.host === '') return `Connect from ${client} (${frontend.name}/${mode})`;
  return `Connect from ${client} to ${destination.host}:${destination.port} (${frontend.name}/${mode})`;
}

function clientOf({ source: { host, port }, listenerId, log }: Connection): string {
  if (host !== '') return `${host}:${port}`;
  return log.overIp === true ? '-:-' : `unix:${listenerId}`;
}
