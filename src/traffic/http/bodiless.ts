import type { Head } from '../h1/head.ts';

/** Whether responses of a status end with their heads (RFC 9112, 6.3). */
export const isBodiless = (status: number): boolean => status < 200 || status === 204 || status === 304;

/** Takes out of the head what may not stand in a response of its status (RFC 9110, 8.6; RFC 9112, 6.1). */
export function dropFraming(res: Head): void {
  if (res.status === 304 || !isBodiless(res.status)) return;
  res.removeHeader('content-length');
  res.removeHeader('transfer-encoding');
}
