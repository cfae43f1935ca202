import { readOcspResponse } from '../../model/certificates/ocsp.ts';
import { staleness } from '../../model/certificates/ocsp-check.ts';
import type { ChangeOf } from '../change.ts';
import type { Live } from './live.ts';
import { certificateOfResponse } from './ocsp-certificate.ts';
import type { Durable } from './row.ts';
import { atLeast } from './version.ts';

type OcspSet = ChangeOf<'ocsp.set'>;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const NONE = 'no response';

/** Why a response cannot be given to this HAProxy; null when nothing is seen. */
export async function problemOfResponse({ response }: OcspSet, live: Live): Promise<string | null> {
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
}

/** The response that HAProxy has for the same certificate, as people read it; null where it does not tell. */
export async function responseNow({ response }: OcspSet, live: Live): Promise<string | null> {
  if ((await certificateIds(live)) === null) return null;
  const { text } = await live.ask('show', 'ssl', 'ocsp-response', idOf(response));
  const date = /^\s*This Update: (.+)$/m.exec(text)?.[1];
  return date === undefined ? NONE : updateOf(Date.parse(date));
}

/** What `responseNow` tells when this response is there. */
export function responseAfter({ response }: OcspSet): string {
  return updateOf(readOcspResponse(Buffer.from(response, 'base64')).thisUpdate);
}

/** What an override of it is filed under: the certificate, where that is known. */
export async function responseDurable({ response }: OcspSet, live: Live): Promise<Durable> {
  const { text } = await live.ask('show', 'ssl', 'ocsp-response');
  const id = idOf(response);
  const told = new RegExp(`^Certificate ID key : ${id}\nCertificate path : (.+)$`, 'm').exec(text)?.[1];
  return { object: told ?? (await certificateOfResponse(id, live)) ?? id, attribute: 'OCSP response', file: '' };
}

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
