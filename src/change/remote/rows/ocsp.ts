import type { ChangeOf } from '../../change.ts';
import { patternLevel } from '../patterns.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';

/** What reads responses and certificates is loaded when it is needed: it takes as long as all else of an operation. */
const responses = () => import('../ocsp-response.ts');

/** `set ssl ocsp-response`. Which certificate it is for stands in the response itself. */
export const ocspSet: RemoteRow<ChangeOf<'ocsp.set'>> = {
  ...EVERYWHERE,
  level: patternLevel,
  problem: async (change, live) => (await responses()).problemOfResponse(change, live),
  warnings: async () => ['an OCSP response cannot be taken back: give the older one'],
  read: async (change, live) => (await responses()).responseNow(change, live),
  after: async (change) => (await responses()).responseAfter(change),
  commands: async ({ response }) => [{ words: ['set', 'ssl', 'ocsp-response', response] }],
  says: /^OCSP Response updated/,
  inverse: async () => null,
  durable: async (change, live) => (await responses()).responseDurable(change, live),
};
