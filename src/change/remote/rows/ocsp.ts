import { readOcspResponse } from '../../../model/certificates/ocsp.ts';
import { staleness } from '../../../model/certificates/ocsp-check.ts';
import type { ChangeOf } from '../../change.ts';
import type { Live } from '../live.ts';
import { certificateOfResponse } from '../ocsp-certificate.ts';
import { patternLevel } from '../patterns.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';
import { atLeast } from '../version.ts';

type OcspSet = ChangeOf<'ocsp.set'>;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const NONE = 'no response';

/** `set ssl ocsp-response`. Which certificate it is for stands in the response itself. */
export const ocspSet: RemoteRow<OcspSet> = {
  ...EVERYWHERE,
  level: patternLevel,
  async problem({ response }, live) {
    if (!BASE64.test(response)) return 'an OCSP response is given as base64 of its DER, without line ends';
    try {
      const said = readOcspResponse(Buffer.from(response, 'base64'));
      const stale = staleness(said, Date.now());
      if (stale !== null) return stale;
      const ids = await certificateIds(live);
      return ids === null || ids.includes(idOf(response)) ? null : 'no certificate waits for this OCSP response';
    } catch (error) {
      return (error as Error).message;
    }
  },
  warnings: async () => ['an OCSP response cannot be taken back: give the older one'],
  async read({ response }, live) {
    if ((await certificateIds(live)) === null) return null;
    const { text } = await live.ask('show', 'ssl', 'ocsp-response', idOf(response));
    const date = /^\s*This Update: (.+)$/m.exec(text)?.[1];
    return date === undefined ? NONE : updateOf(Date.parse(date));
  },
  after: async ({ response }) => updateOf(readOcspResponse(Buffer.from(response, 'base64')).thisUpdate),
  commands: async ({ response }) => [{ words: ['set', 'ssl', 'ocsp-response', response] }],
  says: /^OCSP Response updated/,
  inverse: async () => null,
  async durable({ response }, live) {
    const { text } = await live.ask('show', 'ssl', 'ocsp-response');
    const id = idOf(response);
    const told = new RegExp(`^Certificate ID key : ${id}\nCertificate path : (.+)$`, 'm').exec(text)?.[1];
    return { object: told ?? (await certificateOfResponse(id, live)) ?? id, attribute: 'OCSP response', file: '' };
  },
};

/** The id of the certificate that a response is for, as HAProxy tells it: hex. */
function idOf(response: string): string {
  return readOcspResponse(Buffer.from(response, 'base64')).certId.toString('hex');
}

/** Ids of the certificates that may have a response; null where HAProxy does not tell them (before 2.5). */
async function certificateIds(live: Live): Promise<readonly string[] | null> {
  if (!atLeast(live.version, '2.5')) return null;
  const { text } = await live.ask('show', 'ssl', 'ocsp-response');
  return [...text.matchAll(/^Certificate ID key : ([0-9a-f]+)$/gm)].map((match) => match[1]!);
}

/** A response is told by the date of what it knows: HAProxy tells it in whole seconds. */
function updateOf(ms: number): string {
  return `this update ${new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z')}`;
}
