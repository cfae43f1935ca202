/** Where credentials come from, in this order: the settings, the environment, the role of the machine (IMDSv2). */

import { type HttpAnswer, requestHttp } from '../../util/http-request.ts';
import type { AwsSettings } from './settings.ts';
import type { Credentials } from './signature.ts';

/** The instance metadata service; the variable is the one that AWS's own tools know. */
const METADATA = 'http://169.254.169.254';
const METADATA_VARIABLE = 'AWS_EC2_METADATA_SERVICE_ENDPOINT';
const ROLES = '/latest/meta-data/iam/security-credentials/';
const TIMEOUT_MS = 2000;
const LIMIT = 64 * 1024;
/** Credentials of a role are asked for anew so long before they end, ms. */
const EARLY_MS = 5 * 60_000;

let ofRole: (Credentials & { readonly until: number }) | null = null;

/** Rejects with an Error for operators when there are none. */
export async function credentialsFor({ keyId, secret }: AwsSettings, signal: AbortSignal): Promise<Credentials> {
  if (keyId !== '' && secret !== '') return { keyId, secret, sessionToken: '' };
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key, AWS_SESSION_TOKEN: token = '' } = process.env;
  if (id && key) return { keyId: id, secret: key, sessionToken: token };
  if (ofRole === null || ofRole.until - EARLY_MS < Date.now()) ofRole = await roleCredentials(signal);
  return ofRole;
}

async function roleCredentials(signal: AbortSignal): Promise<Credentials & { readonly until: number }> {
  const base = process.env[METADATA_VARIABLE] || METADATA;
  const ask = async (method: string, path: string, headers: Record<string, string>): Promise<string> => {
    const url = new URL(path, base);
    const answer: HttpAnswer | Error = await requestHttp(url, {
      ...{ method, headers, timeout: TIMEOUT_MS, limit: LIMIT, signal },
    }).catch((error: Error) => error);
    if (answer instanceof Error) throw none(answer.message);
    if (answer.status !== 200) throw none(`${url.host}${path}: status ${answer.status}`);
    return answer.body.toString('utf8');
  };
  const token = await ask('PUT', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '300' });
  const headers = { 'x-aws-ec2-metadata-token': token };
  const role = (await ask('GET', ROLES, headers)).split('\n')[0]!.trim();
  return readCredentials(await ask('GET', `${ROLES}${encodeURIComponent(role)}`, headers));
}

function readCredentials(text: string): Credentials & { readonly until: number } {
  let found: Readonly<Record<string, unknown>>;
  try {
    found = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw none('the role of the machine answers no JSON');
  }
  const { AccessKeyId: keyId, SecretAccessKey: secret, Token: sessionToken, Expiration: end } = found;
  const until = Date.parse(String(end));
  if (
    typeof keyId !== 'string' ||
    typeof secret !== 'string' ||
    typeof sessionToken !== 'string' ||
    Number.isNaN(until)
  )
    throw none('the role of the machine has no whole credentials');
  return { keyId, secret, sessionToken, until };
}

function none(why: string): Error {
  return new Error(
    `no AWS credentials: set access_key_id and secret_access_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role (${why})`,
  );
}
