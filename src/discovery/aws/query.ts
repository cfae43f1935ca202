/** DescribeInstances of the EC2 Query API (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html), page by page. */

import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { requestHttp } from '../../util/http-request.ts';
import { credentialsFor } from './credentials.ts';
import type { AwsSettings } from './settings.ts';
import { signed, uriEncoded } from './signature.ts';

export interface Instance {
  readonly id: string;
  readonly privateAddress: string;
  readonly publicAddress: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** A filter with the values of which one has to fit. */
export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

/** Instances asked for at once: a page is read in some milliseconds then. */
const PAGE = 200;
const MOST_PAGES = 100;
/** Most bytes of a page. */
const LIMIT = 8 * 1024 * 1024;
const TOLD = 300;

/** All instances that fit all filters. Rejects with an Error that says why there is no whole answer. */
export async function describeInstances(
  settings: AwsSettings,
  filters: readonly Filter[],
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<Instance[]> {
  const found: Instance[] = [];
  const seen = new Set<string>();
  let token = '';
  for (let page = 0; page < MOST_PAGES; page++) {
    const root = await ask(settings, formOf(filters, token), timeout, signal);
    found.push(...instancesIn(root));
    token = textOf(root, 'nextToken');
    if (token === '') return found;
    if (seen.has(token)) throw new Error(`${endpoint(settings).host}: the same page comes again and again`);
    seen.add(token);
  }
  throw new Error(`there are more than ${MOST_PAGES * PAGE} instances: narrow them with allowlist`);
}

function formOf(filters: readonly Filter[], token: string): string {
  const pairs: (readonly [string, string])[] = [
    ['Action', 'DescribeInstances'],
    ['Version', '2016-11-15'],
    ['MaxResults', String(PAGE)],
    ...(token === '' ? [] : ([['NextToken', token]] as const)),
    ...filters.flatMap(({ name, values }, i): (readonly [string, string])[] => [
      [`Filter.${i + 1}.Name`, name],
      ...values.map((value, j) => [`Filter.${i + 1}.Value.${j + 1}`, value] as const),
    ]),
  ];
  return pairs.map(([name, value]) => `${uriEncoded(name)}=${uriEncoded(value)}`).join('&');
}

/** The endpoint of the region; the variables are those that AWS's own tools know. */
function endpoint({ region }: AwsSettings): URL {
  const told = process.env['AWS_ENDPOINT_URL_EC2'] || process.env['AWS_ENDPOINT_URL'];
  return new URL(told || `https://ec2.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`);
}

async function ask(settings: AwsSettings, body: string, timeout: number, signal: AbortSignal): Promise<XmlElement> {
  const url = endpoint(settings);
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const credentials = await credentialsFor(settings, signal);
  const request = { method: 'POST', url, headers, body };
  const place = { region: settings.region, service: 'ec2', now: new Date() };
  const answer = await requestHttp(url, {
    method: 'POST',
    headers: signed(request, credentials, place),
    ...{ body, timeout, limit: LIMIT, signal },
  });
  const root = rootOf(answer.body.toString('utf8'), url);
  if (answer.status !== 200) throw new Error(`${url.host}: status ${answer.status}${errorText(root)}`);
  if (root?.name !== 'DescribeInstancesResponse') throw new Error(`${url.host}: the answer is no list of instances`);
  return root;
}

/** The root of an answer; null when it is no XML. Document types, and entities of their own with them, are not taken. */
function rootOf(text: string, url: URL): XmlElement | null {
  if (/<!DOCTYPE/i.test(text)) throw new Error(`${url.host}: the answer has a document type, which no answer has`);
  try {
    return parseXml(text).root;
  } catch {
    return null;
  }
}

/** `AuthFailure: AWS was not able to validate the provided access credentials`. */
function errorText(root: XmlElement | null): string {
  const error = root === null ? null : (child(child(root, 'Errors') ?? root, 'Error') ?? root);
  const text = error === null ? '' : [textOf(error, 'Code'), textOf(error, 'Message')].filter(Boolean).join(': ');
  return text === '' ? '' : `: ${text.slice(0, TOLD)}`;
}

function instancesIn(root: XmlElement): Instance[] {
  const reservations = itemsOf(root, 'reservationSet');
  return reservations
    .flatMap((reservation) => itemsOf(reservation, 'instancesSet'))
    .map((item) => ({
      id: textOf(item, 'instanceId'),
      privateAddress: textOf(item, 'privateIpAddress'),
      publicAddress: textOf(item, 'ipAddress'),
      tags: new Map(itemsOf(item, 'tagSet').map((tag) => [textOf(tag, 'key'), textOf(tag, 'value')])),
    }));
}

function child(element: XmlElement, name: string): XmlElement | null {
  for (const node of element.children) if (node instanceof XmlElement && node.name === name) return node;
  return null;
}

function itemsOf(element: XmlElement, name: string): XmlElement[] {
  const list = child(element, name)?.children ?? [];
  return list.filter((node): node is XmlElement => node instanceof XmlElement && node.name === 'item');
}

function textOf(element: XmlElement, name: string): string {
  return child(element, name)?.text.trim() ?? '';
}
