/** Lists of IPv4 and IPv6 networks: sorted ranges and hashed prefixes, so that long lists cost little to look up. */

import { parseIpv4, parseIpv4Mask, parseIpv6, parseIpv6Mask, parseShortIpv4 } from '../ip.ts';

interface Ipv6Prefixes {
  readonly mask: readonly number[];
  readonly networks: Set<string>;
}

/** Parses `1.2.3.4`, `1.2.3.4/8`, `1.2.3.4/255.0.0.0`, `10.1`, `::1`, `fe80::/10`; null when it is no network. */
function parseNetwork(text: string): { v4: number; mask: number } | { v6: number[]; mask: number[] } | null {
  const slash = text.indexOf('/');
  const host = slash === -1 ? text : text.slice(0, slash);
  const maskText = slash === -1 ? null : text.slice(slash + 1);
  const v4 = parseShortIpv4(host);
  if (v4 >= 0) {
    const mask = maskText === null ? 0xffffffff : parseIpv4Mask(maskText);
    return mask < 0 ? null : { v4, mask };
  }
  const v6 = parseIpv6(host);
  if (v6 === null) return null;
  const mask = maskText === null ? new Array<number>(8).fill(0xffff) : parseIpv6Mask(maskText);
  return mask === null ? null : { v6, mask };
}

/** A set of networks. Build with `add`, then `seal` before the first look-up. */
export class NetworkSet {
  #ranges: { from: number; to: number }[] = [];
  #starts = new Float64Array(0);
  #ends = new Float64Array(0);
  readonly #odd: { network: number; mask: number }[] = [];
  readonly #v6: Ipv6Prefixes[] = [];

  /** Adds a network; false when the text is none. */
  add(text: string): boolean {
    const network = parseNetwork(text);
    if (network === null) return false;
    if ('v6' in network) {
      this.#addIpv6(network.v6, network.mask);
      return true;
    }
    const { v4, mask } = network;
    const hostBits = ~mask >>> 0;
    const from = (v4 & mask) >>> 0;
    if ((hostBits & (hostBits + 1)) === 0) this.#ranges.push({ from, to: from + hostBits });
    else this.#odd.push({ network: from, mask });
    return true;
  }

  #addIpv6(address: number[], mask: number[]): void {
    let prefixes = this.#v6.find((known) => known.mask.every((group, i) => group === mask[i]));
    if (prefixes === undefined) {
      prefixes = { mask, networks: new Set() };
      this.#v6.push(prefixes);
    }
    prefixes.networks.add(maskedKey(address, mask));
  }

  /** Merges overlapping ranges and makes them searchable. */
  seal(): void {
    const sorted = this.#ranges.sort((a, b) => a.from - b.from);
    const merged: { from: number; to: number }[] = [];
    for (const range of sorted) {
      const last = merged.at(-1);
      if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
      else merged.push({ ...range });
    }
    this.#ranges = merged;
    this.#starts = Float64Array.from(merged, (range) => range.from);
    this.#ends = Float64Array.from(merged, (range) => range.to);
  }

  /** Tells whether an address (text) is in one of the networks; IPv4 and its IPv4-mapped IPv6 form are the same. */
  has(text: string): boolean {
    const v4 = parseIpv4(text);
    if (v4 >= 0) {
      if (this.#hasIpv4(v4)) return true;
      return this.#v6.length > 0 && this.#hasIpv6([0, 0, 0, 0, 0, 0xffff, v4 >>> 16, v4 & 0xffff]);
    }
    const v6 = parseIpv6(text);
    if (v6 === null) return false;
    if (this.#hasIpv6(v6)) return true;
    const embedded = embeddedIpv4(v6);
    return embedded >= 0 && this.#hasIpv4(embedded);
  }

  #hasIpv4(address: number): boolean {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! > address) high = middle - 1;
      else low = middle + 1;
    }
    if (high >= 0 && address <= this.#ends[high]!) return true;
    for (const { network, mask } of this.#odd) if ((address & mask) >>> 0 === network) return true;
    return false;
  }

  #hasIpv6(address: readonly number[]): boolean {
    for (const { mask, networks } of this.#v6) if (networks.has(maskedKey(address, mask))) return true;
    return false;
  }
}

function maskedKey(address: readonly number[], mask: readonly number[]): string {
  let key = '';
  for (let i = 0; i < 8; i++) key += String.fromCharCode(address[i]! & mask[i]!);
  return key;
}

/** The IPv4 address in an IPv4-mapped or -compatible (RFC 4291) or 6to4 (RFC 3056) one, or -1. */
function embeddedIpv4(groups: readonly number[]): number {
  if (groups[0] === 0x2002) return ((groups[1]! << 16) | groups[2]!) >>> 0;
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return -1;
  if (groups[5] !== 0 && groups[5] !== 0xffff) return -1;
  return ((groups[6]! << 16) | groups[7]!) >>> 0;
}
