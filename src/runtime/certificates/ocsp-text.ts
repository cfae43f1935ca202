import type { OcspResponse } from '../../model/certificates/ocsp.ts';
import { opensslDate } from '../../model/certificates/openssl-text.ts';
import { signatureName, subjectLine } from '../../model/certificates/trust.ts';

/** A response as OpenSSL prints it, without the certificates that come with it; empty lines have a space, as they would end an answer. */
export function* ocspLines(response: OcspResponse): Generator<string> {
  const { responder, producedAt, issuerNameHash, issuerKeyHash, serial, status, revokedAt, thisUpdate, nextUpdate } =
    response;
  const by = 'name' in responder ? subjectLine(responder.name) : responder.keyHash.toString('hex').toUpperCase();
  yield 'OCSP Response Data:\n    OCSP Response Status: successful (0x0)\n    Response Type: Basic OCSP Response\n    Version: 1 (0x0)\n';
  yield `    Responder Id: ${by}\n    Produced At: ${opensslDate(producedAt)}\n    Responses:\n    Certificate ID:\n      Hash Algorithm: sha1\n`;
  yield `      Issuer Name Hash: ${issuerNameHash}\n      Issuer Key Hash: ${issuerKeyHash}\n      Serial Number: ${serial}\n`;
  yield `    Cert Status: ${status}\n`;
  if (revokedAt !== null) yield `    Revocation Time: ${opensslDate(revokedAt)}\n`;
  yield `    This Update: ${opensslDate(thisUpdate)}\n`;
  if (nextUpdate !== null) yield `    Next Update: ${opensslDate(nextUpdate)}\n`;
  yield ` \n    Signature Algorithm: ${signatureName(response.algorithm)}\n    Signature Value:\n`;
  const pairs = response.signature.toString('hex').match(/../g) ?? [];
  for (let i = 0; i < pairs.length; i += 18)
    yield `        ${pairs.slice(i, i + 18).join(':')}${i + 18 < pairs.length ? ':' : ''}\n`;
}
