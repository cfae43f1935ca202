import { DataPlaneError } from './errors.ts';

/** Where a service is, and who asks. */
export interface Address {
  readonly url: URL;
  readonly socketPath: string | undefined;
  /** Of the URL; null where it names none. */
  readonly user: string | null;
  readonly password: string | null;
}

/** Reads `http://HOST:PORT`, `https://USER:PASSWORD@HOST:PORT` or `unix:/PATH`. Throws a DataPlaneError. */
export function parseServiceAddress(text: string): Address {
  const socketPath = /^unix:(\/.+)$/.exec(text)?.[1];
  if (socketPath !== undefined) return { url: new URL('http://localhost'), socketPath, user: null, password: null };
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new DataPlaneError(
      `'${withoutPassword(text)}' is no address of a Data Plane API: http://HOST:PORT, https://HOST:PORT or unix:/PATH`,
    );
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const decoded = (part: string) => (part === '' ? null : decodeURIComponent(part));
  return { url, socketPath, user: decoded(username), password: decoded(password) };
}

/** The address as it may be shown. */
function withoutPassword(text: string): string {
  return text.replace(/^(\w+:\/\/[^/@:]*):[^/@]*@/, '$1@');
}
