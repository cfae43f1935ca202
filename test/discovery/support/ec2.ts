/** A small EC2: DescribeInstances with filters and pages, for requests whose signature is right; and the credentials of a role. */

import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../support/wait.ts';

export interface FakeMachine {
  readonly id: string;
  readonly private?: string;
  readonly public?: string;
  readonly state?: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface FakeEc2 {
  readonly url: string;
  machines: readonly FakeMachine[];
  /** Access key -> secret key, and the session token that goes with it. */
  readonly keys: Map<string, { readonly secret: string; readonly token?: string }>;
  /** Most machines on a page. */
  page: number;
  misbehave: null | 'garbage' | 'doctype' | 'silent' | 'error' | 'endless' | 'deep';
  readonly asked: URLSearchParams[];
}

export async function fakeEc2(scope: Scope): Promise<FakeEc2> {
  const fake = { machines: [] as readonly FakeMachine[], page: 1000, misbehave: null as FakeEc2['misbehave'] };
  const keys: FakeEc2['keys'] = new Map();
  const asked: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    if (request.url!.startsWith('/latest/')) return metadata(request, response);
    if (fake.misbehave === 'silent') return;
    if (fake.misbehave === 'garbage') return void response.end('no XML < at all');
    if (fake.misbehave === 'doctype')
      return void response.end('<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>');
    if (fake.misbehave === 'deep') return void response.end('<a>'.repeat(500_000));
    if (fake.misbehave === 'error') return void fault(response, 503, 'Unavailable', 'The service is unavailable');
    const refused = signatureProblem(request, body, keys);
    if (refused !== null) return void fault(response, 401, 'AuthFailure', refused);
    const form = new URLSearchParams(body);
    asked.push(form);
    answer(response, form, fake);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(fake, { url, keys, asked });
}

const ROLE = '/latest/meta-data/iam/security-credentials/';

function metadata(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'PUT' && request.headers['x-aws-ec2-metadata-token-ttl-seconds'])
    return void response.end('imds-token');
  if (request.headers['x-aws-ec2-metadata-token'] !== 'imds-token') return void response.writeHead(401).end();
  if (request.url === ROLE) return void response.end('balancer\n');
  const found = {
    AccessKeyId: 'ASIAROLE',
    SecretAccessKey: 'role/secret',
    Token: 'role token+=',
    Expiration: '2099-01-01T00:00:00Z',
  };
  response.end(JSON.stringify(found));
}

function fault(response: ServerResponse, status: number, code: string, message: string): void {
  response
    .writeHead(status)
    .end(
      `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`,
    );
}

/** Computes the signature anew, from what came over the wire. */
function signatureProblem(request: IncomingMessage, body: string, keys: FakeEc2['keys']): string | null {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/ec2\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    );
  if (given === null) return 'no signature';
  const [, id, date, region, names, signature] = given as unknown as readonly string[];
  const key = keys.get(id!);
  if (key === undefined) return 'AWS was not able to validate the provided access credentials';
  if (key.token !== request.headers['x-amz-security-token']) return 'another session token';
  for (const needed of ['host', 'x-amz-date', ...(key.token === undefined ? [] : ['x-amz-security-token'])])
    if (!names!.split(';').includes(needed)) return `${needed} is not signed`;
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');
  const mac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text).digest();
  const headers = names!.split(';').map((name) => `${name}:${request.headers[name]}\n`);
  const canonical = `${request.method}\n/\n\n${headers.join('')}\n${names}\n${sha(body)}`;
  const time = request.headers['x-amz-date'] as string;
  if (Math.abs(Date.now() - Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))) > 300_000)
    return 'the time is wrong';
  const text = `AWS4-HMAC-SHA256\n${time}\n${date}/${region}/ec2/aws4_request\n${sha(canonical)}`;
  const signing = mac(mac(mac(mac(`AWS4${key.secret}`, date!), region!), 'ec2'), 'aws4_request');
  return mac(signing, text).toString('hex') === signature ? null : 'the signature does not fit';
}

function answer(
  response: ServerResponse,
  form: URLSearchParams,
  { machines, page, misbehave }: Pick<FakeEc2, 'machines' | 'page' | 'misbehave'>,
): void {
  const found = machines.filter((machine) => filtersOf(form).every(([name, values]) => fits(machine, name, values)));
  const start = Number(form.get('NextToken')?.replace('page-', '') ?? 0);
  const count = Math.min(page, Number(form.get('MaxResults') ?? 1000));
  const items = found.slice(start, start + count).map(
    ({ id, private: own = '', public: outside, tags }) => `
      <item><reservationId>r-${id}</reservationId><groupSet/><instancesSet><item>
        <instanceId>${id}</instanceId><imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState>
        <privateIpAddress>${own}</privateIpAddress>${outside === undefined ? '' : `<ipAddress>${outside}</ipAddress>`}
        <networkInterfaceSet><item><tagSet><item><key>HAProxy:Service:Name</key><value>of the interface</value></item></tagSet></item></networkInterfaceSet>
        <tagSet>${Object.entries(tags)
          .map(([key, value]) => `<item><key>${key}</key><value><![CDATA[${value}]]></value></item>`)
          .join('')}</tagSet>
      </item></instancesSet></item>`,
  );
  const next = misbehave === 'endless' ? 'page-0' : start + count < found.length ? `page-${start + count}` : null;
  response.writeHead(200, { 'content-type': 'text/xml;charset=UTF-8' }).end(
    `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><reservationSet>${items.join('')}</reservationSet>${
      next === null ? '' : `<nextToken>${next}</nextToken>`
    }</DescribeInstancesResponse>`,
  );
}

function filtersOf(form: URLSearchParams): (readonly [string, readonly string[]])[] {
  const filters: (readonly [string, readonly string[]])[] = [];
  for (let i = 1; form.has(`Filter.${i}.Name`); i++) {
    const values: string[] = [];
    for (let j = 1; form.has(`Filter.${i}.Value.${j}`); j++) values.push(form.get(`Filter.${i}.Value.${j}`)!);
    filters.push([form.get(`Filter.${i}.Name`)!, values]);
  }
  return filters;
}

function fits({ tags, state = 'running' }: FakeMachine, name: string, values: readonly string[]): boolean {
  if (name === 'instance-state-name') return values.includes(state);
  if (name === 'tag-key') return values.some((value) => value in tags);
  if (name.startsWith('tag:')) return values.includes(tags[name.slice(4)] ?? '');
  throw new Error(`the filter '${name}' is not known here`);
}
