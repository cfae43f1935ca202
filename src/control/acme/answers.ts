import type { HttpAnswer } from '../../util/http-request.ts';
import { AcmeError } from './error.ts';

/** What an ACME server answers (RFC 8555, section 7.1), checked. */

const PROBLEM = 'urn:ietf:params:acme:error:';

export interface Identifier {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

export interface Order {
  readonly url: string;
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate: string | null;
}

export interface Challenge {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly status: string;
}

export interface Authorization {
  readonly identifier: Identifier;
  readonly status: string;
  readonly challenges: readonly Challenge[];
  /** As it came. */
  readonly text: string;
}

/** What an authorization says. Throws AcmeError. */
export function authorizationOf(answer: HttpAnswer, url: string): Authorization {
  const { identifier, status, challenges } = objectOf(answer, url);
  const { type, value } = (identifier ?? {}) as Partial<Identifier>;
  if ((type !== 'dns' && type !== 'ip') || typeof value !== 'string' || !Array.isArray(challenges))
    throw new AcmeError(`not an authorization: ${url}`);
  return {
    identifier: { type, value },
    status: String(status),
    challenges: challenges.filter(isChallenge),
    text: textOf(answer),
  };
}

/** The body as text. */
export function textOf(answer: HttpAnswer): string {
  return answer.body.toString();
}

/** JSON, or null for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The object of JSON that an answer is. Throws AcmeError. */
export function objectOf(answer: HttpAnswer, url: string): Readonly<Record<string, unknown>> {
  const value = parsed(textOf(answer));
  if (typeof value !== 'object' || value === null) throw new AcmeError(`not an object of JSON: ${url}`);
  return value as Record<string, unknown>;
}

/** The URL that an answer names (Location). Throws AcmeError. */
export function located(answer: HttpAnswer, url: string): string {
  const location = answer.headers.location ?? null;
  const place = location === null ? null : URL.parse(location, url);
  if (place === null) throw new AcmeError(`an answer without a place: ${url}`);
  return place.href;
}

/** What an order says. Throws AcmeError. */
export function orderOf(answer: HttpAnswer, url: string): Order {
  const { status, authorizations, finalize, certificate } = objectOf(answer, url);
  if (typeof status !== 'string' || !isTexts(authorizations) || typeof finalize !== 'string')
    throw new AcmeError(`not an order: ${url}`);
  return { url, status, authorizations, finalize, certificate: typeof certificate === 'string' ? certificate : null };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** Tokens are base64url (RFC 8555, section 8.3): they become keys of a map. */
function isChallenge(value: unknown): value is Challenge {
  const { type, url, token, status } = (value ?? {}) as Partial<Record<keyof Challenge, unknown>>;
  return (
    typeof type === 'string' &&
    typeof url === 'string' &&
    typeof status === 'string' &&
    typeof token === 'string' &&
    /^[\w-]{1,512}$/.test(token)
  );
}

/** Of seconds or a date (RFC 9110, section 10.2.3), ms. */
export function retryAfterOf(answer: HttpAnswer): number | null {
  const text = answer.headers['retry-after'];
  if (text === undefined) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** What a problem document (RFC 9457) says. */
export function problemOf(document: unknown, otherwise: string, answer: HttpAnswer): AcmeError {
  const { type, detail } = (document ?? {}) as { type?: unknown; detail?: unknown };
  const kind = typeof type === 'string' && type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : '';
  const text = typeof detail === 'string' ? `${detail.slice(0, 500)} (${kind || 'no type'}): ${otherwise}` : otherwise;
  return new AcmeError(text, { type: kind, retryAfter: retryAfterOf(answer) });
}
