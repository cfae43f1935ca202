import { ACCEPTED, type Accepted } from './accepted.ts';

/** Differences of the family `proxy` that are meant: those of what follows the header, and its own. */
export const PROXY_ACCEPTED: readonly Accepted[] = [
  ...ACCEPTED,
  {
    name: 'PROXY headers with numbers that are none',
    why: 'A header of PROXY protocol whose port is empty or above 65535, or whose address has a number above 255, is refused; HAProxy 2.6 takes what is left of it.',
    sends: /^PROXY TCP4 (192\.0\.2\.300|\S+ \S+ ( |\S+ 99999))/,
  },
];
