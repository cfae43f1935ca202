import type { EndpointView } from '../expr/types.ts';
import type { ServerView } from '../model/messages.ts';
import type { Stream } from './stream.ts';

/** An address that stands for the client's destination. */
const isAnywhere = (host: string | null): boolean => host === '0.0.0.0' || host === '::';

/**
 * Where a stream's connection goes whose server has an address or a port that depends on where the client wanted to go (HAProxy manual,
 * `server`, section 5.1): `0.0.0.0`, a port that is left out or 0, an offset. Null: to the server's own address.
 */
export function placeOf(stream: Stream, view: ServerView): EndpointView | null {
  const { host, port, portMap, family } = view;
  if ((family !== 'inet' && family !== 'inet6') || host === null) return null;
  const anywhere = isAnywhere(host);
  if (!anywhere && port !== 0 && portMap === '') return null;
  const { destination } = stream;
  return { host: anywhere ? destination.host : host, port: portOf(destination.port, view) };
}

function portOf(wanted: number, { port, portMap }: ServerView): number {
  if (portMap === '+') return wanted + port;
  if (portMap === '-') return wanted - port;
  return port || wanted;
}
