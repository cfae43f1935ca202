import { BlockList } from 'node:net';
import type { KnownRecord } from './resolution.ts';

/** What a server wants of its addresses. */
export interface AddressWishes {
  /** `resolve-prefer`. */
  readonly family: 4 | 6;
  /** `resolve-net`, compiled; null: none. */
  readonly networks: BlockList | null;
  /** `resolve-opts allow-dup-ip`. */
  readonly allowDuplicate: boolean;
}

/** `resolve-net` networks, `address[/length]`, compiled for `chooseAddress`. */
export function compileNetworks(networks: readonly string[]): BlockList | null {
  if (networks.length === 0) return null;
  const list = new BlockList();
  for (const network of networks) {
    const [address, length] = network.split('/') as [string, string | undefined];
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return list;
}

/**
 * The address for a server among the records of its name (manual, section 5.3.2): preferred family, then preferred network, then one
 * that no other server of the name has, then the one it has now. null: none left for it.
 */
export function chooseAddress(
  records: readonly KnownRecord[],
  wishes: AddressWishes,
  current: string | null,
  taken: (address: string) => boolean,
): string | null {
  let best: string | null = null;
  let bestScore = -1;
  for (const { record } of records) {
    if (record.type === 'SRV') continue;
    const { address } = record;
    const family = record.type === 'A' ? 4 : 6;
    const duplicate = taken(address);
    if (duplicate && !wishes.allowDuplicate) continue;
    const score =
      (family === wishes.family ? 8 : 0) +
      (wishes.networks?.check(address, family === 4 ? 'ipv4' : 'ipv6') ? 4 : 0) +
      (duplicate ? 0 : 2) +
      (address === current ? 1 : 0);
    if (score > bestScore) {
      best = address;
      bestScore = score;
    }
  }
  return best;
}
