import type { Address } from '../config/types.ts';

/** An address as HAProxy prints it: `127.0.0.1:80`, `/run/x.sock`, `fd@5`. */
export function formatAddress(address: Address): string {
  switch (address.family) {
    case 'unix':
      return address.path;
    case 'abns':
      return `${address.short ? 'abnsz' : 'abns'}@${address.path}`;
    case 'fd':
      return `fd@${address.fd}`;
    case 'ring':
      return `ring@${address.name}`;
    default:
      return `${address.host === '0.0.0.0' ? '*' : address.host}:${address.port}`;
  }
}
