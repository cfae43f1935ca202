import { type HttpAnswer, HttpRequestError, requestHttp } from '../../util/http-request.ts';

/** How long a responder may take for all of it, ms, and the longest answer, bytes. */
const TIMEOUT = 10_000;
const LONGEST = 65_536;
/** Longer requests go in a body (RFC 6960, appendix A.1). */
const LONGEST_GET = 255;

/** Why nothing came of asking a responder, for operators. */
export class FetchError extends Error {}

/** What a responder sends is no response of OCSP. */
export class FetchTypeError extends FetchError {}

/** Asks a responder (`http://...`). `proxy`: `host:port` through which it is asked. Resolves to the response, DER; rejects with FetchError. */
export async function fetchOcsp(url: string, body: Buffer, proxy: string | null, signal: AbortSignal): Promise<Buffer> {
  const base = new URL(url);
  const encoded = encodeURIComponent(body.toString('base64'));
  const short = base.search === '' && base.pathname.length + encoded.length <= LONGEST_GET;
  const target = short ? new URL(`${base.href.replace(/\/$/, '')}/${encoded}`) : base;
  const how = short ? {} : { method: 'POST', body };
  const headers = {
    accept: 'application/ocsp-response',
    ...(short ? {} : { 'content-type': 'application/ocsp-request' }),
  };
  let answer: HttpAnswer;
  try {
    const limits = { timeout: TIMEOUT, limit: LONGEST, signal, alone: true } as const;
    answer = await requestHttp(target, { ...how, headers, ...limits, ...(proxy === null ? {} : { proxy }) });
  } catch (error) {
    if (error instanceof HttpRequestError || signal.aborted)
      throw new FetchError(`the responder could not be asked: ${(error as Error).message}`);
    throw error;
  }
  const { status } = answer;
  if (status !== 200) throw new FetchError(`the responder answered with HTTP status ${status}: ${url}`);
  const type = answer.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/ocsp-response') throw new FetchTypeError('Missing "ocsp-response" header');
  return answer.body;
}
