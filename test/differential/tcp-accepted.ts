import type { Accepted } from './accepted.ts';
import type { Difference } from './compare.ts';

/** What is different in mode tcp and is meant. */
export const TCP_ACCEPTED: readonly Accepted[] = [
  {
    name: 'balance keys out of payload',
    why: '`balance hash` in mode tcp hashes what the client has sent, where rules have waited for it; HAProxy has passed the bytes on by then and finds no key.',
    lines: /^balance hash req\./,
  },
  {
    name: 'ends of connections without lingering',
    why: 'With `option nolinger` a connection ends by a reset where its peer has not ended its side; HAProxy ends some by FIN and a reset, and some by a reset alone.',
    lines: /^option nolinger/,
    shows: butForResets,
  },
];

/** Only how connections have ended is not the same. */
function butForResets({ part, haproxy, sluice }: Difference): boolean {
  const same = (text: string) => text.replace(/<(end|reset)>/g, '');
  return part.endsWith(' closed') ? haproxy !== 'open' && sluice !== 'open' : same(haproxy) === same(sluice);
}
