/** Addresses and Host headers (HAProxy manual, section 7.3.1). */

import { formatIpv4, formatIpv6, ipv4AlsoInIpv6, parseIpv4, parseIpv4Mask, parseIpv6, parseIpv6Mask } from '../ip.ts';
import type { ConverterRow } from '../row.ts';
import { asciiLower } from '../text.ts';

/** Where the port begins in `host:port`, `[v6]:port`: the last colon behind a bracket, or the length when there is none. */
function portColon(host: string): number {
  const colon = host.lastIndexOf(':');
  return colon === -1 || (host.startsWith('[') && host.indexOf(']', 1) > colon) ? host.length : colon;
}

/** Number of decimal digits as HAProxy reads it, which trusts that they are digits: 32 bits, anything else gives nonsense. */
function looseNumber(text: string): number {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 10) + text.charCodeAt(i) - 0x30) | 0;
  return value >>> 0;
}

function maskIpv6(address: string, mask: readonly number[]): string | undefined {
  const groups = parseIpv6(address);
  return groups === null ? undefined : formatIpv6(groups.map((group, i) => group & mask[i]!));
}

export const addressConverters: readonly ConverterRow[] = [
  {
    name: 'ipmask',
    args: 'IPv4 mask[,IPv6 mask]',
    in: 'addr',
    out: 'addr',
    compile: ([mask4, mask6]) => {
      const v4Mask = parseIpv4Mask(mask4 as string);
      const v6Mask = mask6 === undefined ? null : parseIpv6Mask(mask6 as string);
      return (value) => {
        // An IPv4 address in IPv6 has the mask of IPv4.
        const v4 = parseIpv4(ipv4AlsoInIpv6(value as string) ?? (value as string));
        if (v4 >= 0) return formatIpv4((v4 & v4Mask) >>> 0);
        return v6Mask === null ? undefined : maskIpv6(value as string, v6Mask);
      };
    },
  },
  {
    name: 'host_only',
    args: '',
    in: 'str',
    out: 'str',
    compile: () => (host) => asciiLower((host as string).slice(0, portColon(host as string))),
  },
  {
    name: 'port_only',
    args: '',
    in: 'str',
    out: 'sint',
    compile: () => (host) => looseNumber((host as string).slice(portColon(host as string) + 1)),
  },
];
