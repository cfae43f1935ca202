import { formatAddress as formatConfigured } from '../config/address.ts';
import type { Address } from '../config/types.ts';

/** An address as HAProxy prints it: `127.0.0.1:80`, `*:80`, `/run/x.sock`, `fd@5`. */
export function formatAddress(address: Address): string {
  if (!('port' in address)) return formatConfigured(address);
  return `${address.host === '0.0.0.0' ? '*' : address.host}:${address.port}`;
}
