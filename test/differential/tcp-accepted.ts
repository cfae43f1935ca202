import type { Accepted } from './accepted.ts';
import type { Difference } from './compare.ts';
import { withoutServersIn } from './counters.ts';

/** What is different in mode tcp and is meant. */
export const TCP_ACCEPTED: readonly Accepted[] = [
  {
    name: 'balance keys out of payload',
    why: '`balance hash` in mode tcp hashes what the client has sent, where rules have waited for it; HAProxy has passed the bytes on by then and finds no key.',
    lines: /^balance hash req\./,
  },
  {
    name: 'ends of connections without lingering',
    why: 'With `option nolinger` a connection ends by FIN, and by a reset once the peer has all that was sent; HAProxy resets it at once, some without FIN, which destroys what is still on its way.',
    lines: /^option nolinger/,
    shows: butForResets,
  },
  {
    name: 'bytes that are no message of MQTT or FIX',
    why: 'A condition does not wait for what the bytes that have come cannot become; HAProxy waits for `inspect-delay`, so that the client may have ended or left before there is a server.',
    lines: /(mqtt|fix)_(is_valid|field_value|tag_value)/,
    // The server of one that has left is that of the next one in HAProxy.
    shows: ({ scenario, part }) =>
      goesBy(scenario, 'reset') || (['counters', 'log', 'tables'].includes(part) && goesBy(scenario, 'end')),
  },
  {
    name: 'ends of servers whose response is rejected',
    why: 'Whether what a server answers meets a connection that a rule on responses has ended, and is answered by a reset, is a matter of time.',
    lines: /^tcp-response content reject/,
    shows: ({ part, haproxy, sluice }) => part === 'servers' && withoutEnds(haproxy) === withoutEnds(sluice),
  },
  {
    name: 'silent drops of clients that end',
    why: 'Whether the end of a client comes before or behind `silent-drop` is a matter of time; behind it the kernel answers by a reset.',
    lines: /silent-drop/,
    shows: ({ part, haproxy, sluice }) => part.endsWith(' closed') && haproxy !== 'end' && sluice !== 'end',
  },
  {
    name: 'bytes that no server gets',
    why: 'While a server is tried, what the client sends is read and counted up to `tune.bufsize`; HAProxy stops reading behind what it has.',
    lines: /^server .*\{addr:refused\}/,
    shows: ({ part, haproxy, sluice }) =>
      ['counters', 'tables'].includes(part) && withoutBytesIn(haproxy) === withoutBytesIn(sluice),
  },
  {
    name: 'bytes of servers with continuous counters',
    why: 'With `option contstats` a server has all bytes that were sent to it; HAProxy leaves out those that it has counted while rules waited, before there was a server.',
    lines: /^option contstats/,
    shows: ({ part, haproxy, sluice }) => part === 'counters' && withoutServersIn(haproxy) === withoutServersIn(sluice),
  },
  {
    name: 'addresses of connections that have ended',
    why: '`bc_src` tells in log lines what the address was, also when the connection to the server has ended before; HAProxy has none then.',
    lines: /^log-format .*\[bc_src/,
    shows: ({ part, haproxy, sluice }) => part === 'log' && butForAddresses(haproxy, sluice),
  },
];

/** Some client of the scenario goes so. */
const goesBy = ({ connections }: Difference['scenario'], next: string): boolean =>
  connections.flat().some((sent) => (sent as { next?: string }).next === next);

const withoutEnds = (text: string): string => text.replace(/<(end|reset)>/g, '');

/** What differs are words: an address here, none there. */
function butForAddresses(haproxy: string, sluice: string): boolean {
  const words = sluice.split(/[ |]/);
  const theirs = haproxy.split(/[ |]/);
  return theirs.every((word, at) => word === words[at] || (word === '-' && /^127\.0\.0\.[01]$/.test(words[at]!)));
}

const withoutBytesIn = (text: string): string => text.replace(/\b(bin|bytes_in_cnt)=\d+/g, '');

/** Only how connections have ended is not the same. */
function butForResets({ part, haproxy, sluice }: Difference): boolean {
  // What had not been sent before the reset is lost.
  if (/^\d+\.\d+$/.test(part)) return sluice.startsWith(haproxy);
  return part.endsWith(' closed')
    ? haproxy !== 'open' && sluice !== 'open'
    : withoutEnds(haproxy) === withoutEnds(sluice);
}
