/** Names of proxies and servers that come from data (HAProxy manual, section 7.3.1). */

import { findServer } from '../fetches/proxies.ts';
import type { ConverterRow } from '../row.ts';
import type { ExprContext, SampleValue, ServerFacts } from '../types.ts';

/** A converter from `backend/server` (or a server of the stream's backend) to a fact about it. */
const ofServer = (name: string, out: 'bool' | 'sint', read: (server: ServerFacts) => SampleValue): ConverterRow => ({
  name,
  args: '',
  in: 'str',
  out,
  compile: () => (value, ctx) => {
    const server = serverNamed(value as string, ctx);
    return server === null ? undefined : read(server);
  },
});

function serverNamed(name: string, ctx: ExprContext): ServerFacts | null {
  const slash = name.indexOf('/');
  const backend = slash === -1 ? ctx.backend : ctx.findBackend(name.slice(0, slash));
  return backend === null ? null : findServer(backend, name.slice(slash + 1));
}

export const proxyConverters: readonly ConverterRow[] = [
  {
    name: 'nbsrv',
    args: '',
    in: 'str',
    out: 'sint',
    compile: () => (name, ctx) => ctx.findBackend(name as string)?.usableServers(),
  },
  {
    name: 'fe_exists',
    args: '',
    in: 'str',
    out: 'bool',
    compile: () => (name, ctx) => ctx.findFrontend(name as string) !== null,
  },
  ofServer('srv_is_up', 'bool', (server) => server.usable),
  ofServer('srv_queue', 'sint', (server) => server.queued()),
];
