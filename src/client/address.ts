import { RuntimeClientError } from './failures.ts';

/** Where a Runtime API is reached. */
export type Endpoint = {
  /** A master CLI socket (`-S`): commands go to the current worker. */
  readonly master: boolean;
} & ({ readonly path: string } | { readonly host: string; readonly port: number });

/**
 * Reads an address: a path, `unix:/path`, `unix@/path`, `abns@name`, `host:port`, `tcp:host:port`, `ipv4@1.2.3.4:9999`, `[::1]:9999`;
 * before it `master:` for a master CLI socket. Throws a RuntimeClientError (EINVAL) on anything else.
 */
export function parseAddress(text: string): Endpoint {
  if (/^https?:\/\//.test(text))
    throw new RuntimeClientError('EINVAL', `that is the address of a Data Plane API, not of a socket: ${text}`);
  const [, prefix, rest] = /^(master:)?(.*)$/s.exec(text)!;
  const master = prefix !== undefined;
  const unix = /^(?:unix[:@])?(.*\/.*)$/s.exec(rest!) ?? /^unix[:@](.+)$/s.exec(rest!);
  if (unix !== null) return checkPath(unix[1]!, master);
  const abstract = /^abns@(.+)$/s.exec(rest!);
  if (abstract !== null) return { path: `\0${abstract[1]}`, master };
  const tcp =
    /^(?:tcp[:@]|ipv4@|ipv6@|tcp4@|tcp6@)?(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:[\]]+)|([0-9A-Fa-f:]+)):(\d{1,5})$/.exec(
      rest!,
    );
  const port = Number(tcp?.[4]);
  if (tcp === null || port === 0 || port > 65535)
    throw new RuntimeClientError('EINVAL', `neither a path nor host:port: ${JSON.stringify(text)}`);
  return { host: tcp[1] ?? tcp[2] ?? tcp[3]!, port, master };
}

function checkPath(path: string, master: boolean): Endpoint {
  if (path.includes('\0')) throw new RuntimeClientError('EINVAL', `a path holds no NUL: ${JSON.stringify(path)}`);
  return { path, master };
}

/** The address as messages name it. */
export function addressText(endpoint: Endpoint): string {
  if ('path' in endpoint) return endpoint.path.replace(/^\0/, 'abns@');
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}
