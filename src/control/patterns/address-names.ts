import { lookupHost } from '../../util/lookup.ts';

/** What host names in lists of addresses stand for. */
export interface AddressNames {
  /** The IPv4 address of a name; null: it has none; undefined: it is yet to be asked for. */
  find(name: string): string | null | undefined;
}

/** Nothing is known by name. */
export const NO_NAMES: AddressNames = { find: () => null };

/** So long is waited for all names together, ms; and so many of them are asked for. */
const PATIENCE = 5000;
const MOST_NAMES = 1000;

/** Asks the system's resolver, for IPv4 addresses only as HAProxy does. Names that are not found in time have none. */
export async function resolveNames(
  names: Iterable<string>,
  lookup: typeof lookupHost = lookupHost,
  patience = PATIENCE,
): Promise<AddressNames> {
  const found = new Map<string, string | null>();
  const asked = [...names].slice(0, MOST_NAMES).map(async (name) => {
    const address = await lookup(name, 4);
    found.set(name, address);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patience);
  });
  await Promise.race([Promise.all(asked), late]);
  clearTimeout(timer);
  return { find: (name) => found.get(name) ?? null };
}

/** A name, with a mask behind it or without. */
const NAMED = /^((?=[^/]*[A-Za-z])[A-Za-z0-9_][A-Za-z0-9_.-]{0,252})(\/.*)?$/;

/** The name in a pattern that is no address, and its mask ('' without one); null when it has the form of neither. */
export function nameIn(pattern: string): { readonly name: string; readonly mask: string } | null {
  const [, name, mask = ''] = NAMED.exec(pattern) ?? [];
  return name === undefined ? null : { name, mask };
}
