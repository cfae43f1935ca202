import type { KeyObject } from 'node:crypto';
import type { Authorization, Challenge } from './answers.ts';
import { certificateRequest } from './certificate-request.ts';
import type { AcmeClient } from './client.ts';
import { AcmeError } from './error.ts';
import { thumbprint } from './jws.ts';

/** A challenge that is to be prepared before the server looks at it. */
export interface Task {
  readonly domain: string;
  readonly challenge: Challenge;
  /** What is to be found: the token and the account's thumbprint (RFC 8555, section 8.1). */
  readonly keyAuthorization: string;
  readonly thumbprint: string;
  readonly authorization: Authorization;
}

/** How challenges are prepared. */
export interface Preparation {
  readonly type: 'http-01' | 'dns-01';
  /** Resolves when the server may look. */
  prepare(tasks: readonly Task[]): Promise<void>;
  /** The server has looked, or will not. */
  clear(tasks: readonly Task[]): Promise<void>;
}

export interface Wanted {
  readonly domains: readonly string[];
  readonly profile: string | null;
  readonly accountKey: KeyObject;
  /** Key of the certificate. */
  readonly key: KeyObject;
}

/** Orders a certificate and answers for its names. Resolves to the chain, PEM; rejects with AcmeError. */
export async function obtain(client: AcmeClient, wanted: Wanted, preparation: Preparation): Promise<string> {
  await client.openAccount();
  const order = await client.newOrder(wanted.domains, wanted.profile);
  const tasks: (Task & { readonly url: string })[] = [];
  for (const url of order.authorizations) {
    const authorization = await client.authorization(url);
    // An earlier order may have shown it.
    if (authorization.status !== 'valid') tasks.push({ url, ...taskOf(authorization, preparation.type, wanted) });
  }
  try {
    if (tasks.length > 0) await preparation.prepare(tasks);
    for (const { challenge } of tasks) await client.answer(challenge);
    for (const { url } of tasks) await client.validated(url);
  } finally {
    await preparation.clear(tasks);
  }
  return client.finalize(order, certificateRequest(wanted.key, wanted.domains));
}

function taskOf(authorization: Authorization, type: Preparation['type'], { accountKey }: Wanted): Task {
  const { identifier, challenges, status } = authorization;
  const challenge = challenges.find((one) => one.type === type);
  if (status !== 'pending') throw new AcmeError(`the authorization of ${identifier.value} is ${status}`);
  if (challenge === undefined) {
    const offered = challenges.map((one) => one.type).join(', ') || 'none';
    throw new AcmeError(`no challenge of type ${type} for ${identifier.value}; the server offers ${offered}`);
  }
  const print = thumbprint(accountKey);
  return {
    domain: identifier.value,
    challenge,
    keyAuthorization: `${challenge.token}.${print}`,
    thumbprint: print,
    authorization,
  };
}
