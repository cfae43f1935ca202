import { type IncomingMessage, request } from 'node:http';

/** How long a responder may take for all of it, ms, and the longest answer, bytes. */
const TIMEOUT = 10_000;
const LONGEST = 65_536;
/** Longer requests go in a body (RFC 6960, appendix A.1). */
const LONGEST_GET = 255;

/** Why nothing came of asking a responder, for operators. */
export class FetchError extends Error {
  /** It answered, but not with a response of OCSP. */
  readonly answered: boolean;

  constructor(text: string, answered = false) {
    super(text);
    this.answered = answered;
  }
}

/** Asks a responder (`http://...`). `proxy`: `host:port` through which it is asked. Resolves to the response, DER; rejects with FetchError. */
export function fetchOcsp(url: string, body: Buffer, proxy: string | null): Promise<Buffer> {
  const target = targetOf(url, body, proxy);
  return new Promise((resolve, reject) => {
    const fail = (text: string, answered = false) => reject(new FetchError(text, answered));
    const { post, ...options } = target;
    const call = request({ ...options, agent: false, insecureHTTPParser: false }, (response) => {
      const wrong = unfit(response);
      if (wrong !== null) {
        fail(wrong, true);
        call.destroy();
        return;
      }
      const parts: Buffer[] = [];
      let length = 0;
      response.on('data', (part: Buffer) => {
        length += part.length;
        if (length > LONGEST) {
          fail(`the responder's answer is longer than ${LONGEST} bytes`, true);
          call.destroy();
        } else parts.push(part);
      });
      response.on('end', () => resolve(Buffer.concat(parts)));
      response.on('error', () => fail("the responder's answer broke off"));
    });
    const timer = setTimeout(() => {
      fail(`the responder did not answer within ${TIMEOUT / 1000} s`);
      call.destroy();
    }, TIMEOUT);
    call.on('close', () => clearTimeout(timer));
    call.on('error', (error) => fail(`the responder could not be asked: ${error.message}`));
    call.end(post);
  });
}

function unfit({ statusCode, headers }: IncomingMessage): string | null {
  if (statusCode !== 200) return `the responder answered with HTTP status ${statusCode}`;
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/ocsp-response' ? null : `Missing "ocsp-response" header`;
}

function targetOf(url: string, body: Buffer, proxy: string | null) {
  const { hostname, port, pathname, search, host } = new URL(url);
  const inPath = `${pathname.replace(/\/$/, '')}/${encodeURIComponent(body.toString('base64'))}`;
  const short = search === '' && inPath.length <= LONGEST_GET;
  const path = short ? inPath : `${pathname}${search}`;
  const [, proxyHost, proxyPort] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(proxy ?? '') ?? [];
  const bare = (name: string) => name.replace(/^\[|\]$/g, '');
  return {
    host: proxy === null ? bare(hostname) : (proxyHost ?? proxy),
    port: Number(proxy === null ? port || 80 : (proxyPort ?? 80)),
    path: proxy === null ? path : `http://${host}${path}`,
    method: short ? 'GET' : 'POST',
    headers: {
      host,
      accept: 'application/ocsp-response',
      ...(short ? {} : { 'content-type': 'application/ocsp-request', 'content-length': body.length }),
    },
    post: short ? '' : body,
  };
}
