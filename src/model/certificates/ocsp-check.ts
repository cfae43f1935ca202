import type { OcspResponse } from './ocsp.ts';

/** How far a responder's clock may be off, ms: as HAProxy allows it. */
const CLOCK_SKEW = 300_000;

/** Why a response is not good for now: its dates, and what it says; null when it is. Its signature is not looked at. */
export function staleness({ status, thisUpdate, nextUpdate, single }: OcspResponse, now: number): string | null {
  if (!single) return 'OCSP response ignored because it contains more than one single response';
  if (status === 'unknown') return 'OCSP single response: certificate status is unknown';
  if (thisUpdate > now + CLOCK_SKEW) return 'OCSP single response: no longer valid. (not yet)';
  if (nextUpdate === null) return 'OCSP single response: missing nextupdate';
  if (nextUpdate < thisUpdate || nextUpdate < now - CLOCK_SKEW) return 'OCSP single response: no longer valid.';
  return null;
}
