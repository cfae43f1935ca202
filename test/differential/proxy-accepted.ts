import { ACCEPTED, type Accepted } from './accepted.ts';

/** Differences of the family `proxy` that are meant: those of what follows the header, and its own. */
export const PROXY_ACCEPTED: readonly Accepted[] = [
  ...ACCEPTED,
  {
    name: 'PROXY headers with numbers that are none',
    why: 'A header of PROXY protocol whose port is empty or above 65535, or whose address has a number above 255, is refused; HAProxy 2.6 takes what is left of it.',
    sends: /^PROXY TCP4 (192\.0\.2\.300|\S+ \S+ ( |\S+ 99999))/,
  },
  {
    name: 'kept connections that began with a PROXY header',
    why: 'They are used again for requests of their client of which there is the same to tell (`reuse`); HAProxy opens some of them anew (`connect`).',
    shows: ({ scenario, part, haproxy, sluice }) =>
      part === 'counters' &&
      scenario.lines.some((line) => /^server .*\bsend-proxy/.test(line)) &&
      withoutKinds(haproxy) === withoutKinds(sluice),
  },
];

/** Counters with connections that were opened and used again as one. */
const withoutKinds = (text: string): string =>
  text.replace(
    / connect=(\d+) reuse=(\d+)/g,
    (_, opened: string, reused: string) => ` connections=${Number(opened) + Number(reused)}`,
  );
