import { isIP } from 'node:net';
import type { ShownSource } from '../config/types.ts';
import type { EndpointView } from '../expr/types.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';
import { headOf } from './tls/server-name.ts';

/**
 * What a server is to see as the source of a stream's connection (`source ... usesrc`); null: the machine's own address. So it is, too,
 * where there is no such address, or one of another family than the server's.
 */
export function shownSource(stream: Stream, { config, view }: TrafficServer): EndpointView | null {
  const source = config.source ?? stream.backend!.config.source;
  if (source === null || source.shown === null) return null;
  const shown = endpointOf(stream, source.shown);
  if (shown === null || view.host === null) return null;
  const family = isIP(shown.host);
  return family !== 0 && family === isIP(view.host) ? shown : null;
}

function endpointOf(stream: Stream, shown: ShownSource): EndpointView | null {
  if (shown.kind === 'address') return shown;
  const { host, port } = stream.source;
  if (shown.kind === 'client') return { host, port: shown.withPort ? port : 0 };
  const address = stream.raw ? null : occurrenceOf(stream, shown.name, shown.occurrence);
  return address === null ? null : { host: address, port: 0 };
}

/** The value at a place of a list that may stand in several fields. */
function occurrenceOf(stream: Stream, name: string, occurrence: number): string | null {
  const head = headOf(stream);
  if (head === null) return null;
  const values: string[] = [];
  for (let i = head.findHeader(name, 0); i >= 0; i = head.findHeader(name, i + 1))
    for (const value of head.headerValue(i).split(',')) values.push(value.trim());
  return values.at(occurrence > 0 ? occurrence - 1 : occurrence === 0 ? values.length : occurrence) ?? null;
}
