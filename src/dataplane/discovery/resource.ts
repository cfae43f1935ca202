/** Sources of services as the API names them, and what they ask for. */

import Type, { type TSchema } from 'typebox';
import type { AwsFilter, AwsSettings } from '../../discovery/aws/settings.ts';
import type { ConsulSettings } from '../../discovery/consul/settings.ts';
import type { Scaling } from '../../discovery/slots.ts';
import type { Resource } from '../edit/resource.ts';
import { ApiError } from '../service/error.ts';

export type SourceKind = 'consul' | 'aws';

/** What stands for a secret in answers; the same in a PUT keeps it. */
const MASK = '****************';
const SHOWN = 4;

const word = (description: string) => Type.String({ pattern: '^\\S+$', maxLength: 4096, description });
const list = (description: string) => Type.Array(Type.String({ pattern: '^\\S+$' }), { maxItems: 2000, description });

const COMMON = {
  id: Type.Optional(word('Given by the service.')),
  name: Type.Optional(Type.String({ maxLength: 200 })),
  description: Type.Optional(Type.String({ maxLength: 1000 })),
  enabled: Type.Boolean({ description: 'False: nothing is asked, the backends stay as they are.' }),
  retry_timeout: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    description: 'Seconds between two looks where the source does not tell by itself that there is news.',
  }),
  server_slots_base: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, description: 'Least server lines of a backend; 10.' }),
  ),
  server_slots_growth_type: Type.Optional(
    Type.String({ enum: ['linear', 'exponential'], description: 'Default: exponential.' }),
  ),
  server_slots_growth_increment: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1000, description: 'Of linear growth; 10.' }),
  ),
  status: Type.Optional(
    Type.Unknown({ readOnly: true, description: 'How it stands, in answers; not used in requests.' }),
  ),
};

const FILTERS = Type.Array(
  Type.Object({ key: word('As EC2 names it.'), value: Type.String() }, { additionalProperties: false }),
  {
    maxItems: 50,
  },
);

/** The models of both kinds. */
export const SOURCE_SCHEMAS: Readonly<Record<SourceKind, TSchema>> = {
  consul: Type.Object(
    {
      ...COMMON,
      address: Type.String({ pattern: '^[A-Za-z0-9_.:-]+$', maxLength: 200 }),
      port: Type.Integer({ minimum: 1, maximum: 65_535 }),
      mode: Type.Optional(Type.String({ enum: ['http', 'https'], description: 'Default: http.' })),
      token: Type.Optional(word('ACL token.')),
      namespace: Type.Optional(word('Of Consul Enterprise.')),
      defaults: Type.Optional(word('The defaults section of backends that are made.')),
      service_allowlist: Type.Optional(list('Services that are taken; all when it is empty.')),
      service_denylist: Type.Optional(list('Services that are not taken, where none are allowed by name.')),
      'service-whitelist': Type.Optional(list('The older name of service_allowlist.')),
      'service-blacklist': Type.Optional(list('The older name of service_denylist.')),
      service_name_regexp: Type.Optional(
        Type.String({ maxLength: 500, description: 'Compared with names by Consul.' }),
      ),
      health_check_policy: Type.Optional(
        Type.String({ enum: ['none', 'any', 'all', 'min'], description: 'Which checks have to pass; none.' }),
      ),
      health_check_policy_min: Type.Optional(Type.Integer({ minimum: 1 })),
    },
    { additionalProperties: false, title: 'Consul that services are taken from' },
  ),
  aws: Type.Object(
    {
      ...COMMON,
      name: Type.String({
        pattern: '^[A-Za-z0-9_.:-]+$',
        maxLength: 100,
        description: 'Stands in the names of backends.',
      }),
      region: Type.String({ pattern: '^[a-z0-9-]+$', maxLength: 40 }),
      access_key_id: Type.Optional(word('Left out: from the environment, or the role of the machine.')),
      secret_access_key: Type.Optional(word('Goes with access_key_id.')),
      ipv4_address: Type.String({ enum: ['private', 'public'] }),
      allowlist: Type.Optional(FILTERS),
      denylist: Type.Optional(FILTERS),
    },
    { additionalProperties: false, title: 'Region of AWS EC2 that services are taken from' },
  ),
};

const SECRETS = ['token', 'secret_access_key'] as const;

/** The resource as it is kept: with what is not said filled in, and secrets that are masked as `before` has them. Throws ApiError 400. */
export function completed(kind: SourceKind, given: Resource, id: string, before: Resource | null): Resource {
  const { status: _told, ...own } = given;
  const whole: Record<string, unknown> = {
    server_slots_base: 10,
    server_slots_growth_type: 'exponential',
    ...(kind === 'consul' ? { mode: 'http', health_check_policy: 'none' } : {}),
    ...own,
    id,
  };
  if (whole['server_slots_growth_type'] === 'linear') whole['server_slots_growth_increment'] ||= 10;
  if (whole['health_check_policy'] === 'min' && whole['health_check_policy_min'] === undefined)
    throw new ApiError(400, "health_check_policy_min is missing: policy 'min' needs it");
  for (const secret of SECRETS) {
    const value = whole[secret];
    if (typeof value !== 'string' || !value.startsWith(MASK)) continue;
    const old = before?.[secret];
    if (typeof old !== 'string' || masked(old) !== value)
      throw new ApiError(400, `${secret} is masked, and is not the one that is kept: give it whole`);
    whole[secret] = old;
  }
  return whole;
}

/** As answers tell it: without secrets. */
export function told(resource: Resource): Resource {
  const hidden = SECRETS.filter((secret) => typeof resource[secret] === 'string');
  return { ...resource, ...Object.fromEntries(hidden.map((secret) => [secret, masked(resource[secret] as string)])) };
}

function masked(secret: string): string {
  return MASK + (secret.length >= 4 * SHOWN ? secret.slice(-SHOWN) : '');
}

/** Seconds between looks. */
export function secondsOf(resource: Resource): number {
  return resource['retry_timeout'] as number;
}

export function scalingOf(resource: Resource): Scaling {
  return {
    base: resource['server_slots_base'] as number,
    growth: resource['server_slots_growth_type'] as Scaling['growth'],
    increment: (resource['server_slots_growth_increment'] as number | undefined) || 10,
  };
}

const text = (resource: Resource, field: string) => (resource[field] as string | undefined) ?? '';

export function consulSettings(resource: Resource): ConsulSettings {
  const names = (...fields: readonly string[]) =>
    fields.map((field) => (resource[field] ?? []) as readonly string[]).find(({ length }) => length > 0) ?? [];
  return {
    address: text(resource, 'address'),
    port: resource['port'] as number,
    mode: resource['mode'] as ConsulSettings['mode'],
    token: text(resource, 'token'),
    namespace: text(resource, 'namespace'),
    allow: names('service_allowlist', 'service-whitelist'),
    deny: names('service_denylist', 'service-blacklist'),
    nameExpression: text(resource, 'service_name_regexp'),
    health: resource['health_check_policy'] as ConsulSettings['health'],
    healthMin: (resource['health_check_policy_min'] as number | undefined) ?? 0,
  };
}

export function awsSettings(resource: Resource): AwsSettings {
  return {
    name: text(resource, 'name'),
    region: text(resource, 'region'),
    keyId: text(resource, 'access_key_id'),
    secret: text(resource, 'secret_access_key'),
    addresses: resource['ipv4_address'] as AwsSettings['addresses'],
    allow: (resource['allowlist'] ?? []) as readonly AwsFilter[],
    deny: (resource['denylist'] ?? []) as readonly AwsFilter[],
  };
}
