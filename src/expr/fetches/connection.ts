/** Addresses and facts of the client-side connection (HAProxy manual, section 7.3.3). */

import type { FetchRow } from '../row.ts';
import type { EndpointView } from '../types.ts';

const hostOrNone = (endpoint: EndpointView): string | undefined => (endpoint.host === '' ? undefined : endpoint.host);
const portOrNone = (endpoint: EndpointView): number | undefined => (endpoint.host === '' ? undefined : endpoint.port);

export const connectionFetches: readonly FetchRow[] = [
  {
    name: 'src',
    args: '',
    type: 'addr',
    source: 'clientAddress',
    compile: () => (ctx) => hostOrNone(ctx.source),
  },
  {
    name: 'src_port',
    args: '',
    type: 'sint',
    source: 'clientAddress',
    compile: () => (ctx) => portOrNone(ctx.source),
  },
  {
    name: 'dst',
    args: '',
    type: 'addr',
    source: 'clientAddress',
    compile: () => (ctx) => hostOrNone(ctx.destination),
  },
  {
    name: 'dst_port',
    args: '',
    type: 'sint',
    source: 'clientAddress',
    compile: () => (ctx) => portOrNone(ctx.destination),
  },
];
