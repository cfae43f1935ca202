/**
 * The target of a request as HAProxy has it: `origin` is scheme and authority of one of HTTP/2, '' of others. `*` stands for the
 * server as a whole and is left out behind them (RFC 9112, section 3.2.4), also where a rule has put a query behind it.
 */
export function fullUri(origin: string, uri: string): string {
  if (origin === '') return uri;
  return uri.startsWith('*') ? origin + uri.slice(1) : uri.startsWith('/') ? origin + uri : uri;
}
