import type { Stream } from './stream.ts';

/** How long the control thread may take to answer, ms: more than any `resolvers` section asks for. */
const PATIENCE = 60_000;

/**
 * Asks the control thread for the address of a host name, by a `resolvers` section. `then` gets it, or null when there is none; not when the
 * stream has ended meanwhile. The stream must be waiting.
 */
export function resolveName(
  stream: Stream,
  section: string,
  name: string,
  prefer: 4 | 6,
  then: (address: string | null) => void,
): void {
  const { env } = stream;
  const request = ++env.requestIds;
  env.resolving.set(request, { stream, then });
  stream.renderId = request;
  stream.waitUntil = env.now() + PATIENCE;
  stream.onWaited = () => resolved(env.resolving, request, null);
  env.post({ kind: 'resolve', request, section, name, prefer });
}

/** Streams that wait for an address, by the number of their question. */
export type Resolving = Map<number, { readonly stream: Stream; readonly then: (address: string | null) => void }>;

/** The answer is there. */
export function resolved(resolving: Resolving, request: number, address: string | null): void {
  const asked = resolving.get(request);
  resolving.delete(request);
  if (asked === undefined || asked.stream.renderId !== request) return;
  asked.stream.renderId = 0;
  asked.then(address);
}
