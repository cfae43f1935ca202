/** Sites: a frontend and the backends that it sends to, as one resource. */

import Type, { type TSchema } from 'typebox';
import type { Resource } from '../edit/resource.ts';

export interface Farm extends Resource {
  readonly name: string;
  /** `default`: of `default_backend`; `conditional`: of `use_backend`. */
  readonly use_as: 'default' | 'conditional';
  readonly cond?: string;
  readonly cond_test?: string;
  readonly servers?: readonly Resource[];
}

export interface Site extends Resource {
  readonly name: string;
  readonly service?: Resource & { readonly listeners?: readonly Resource[] };
  readonly farms?: readonly Farm[];
}

/** Fields of a frontend that a site has. */
export const SERVICE_FIELDS = ['mode', 'http_connection_mode', 'maxconn'] as const;
/** Fields of a backend that a site has. */
export const FARM_FIELDS = ['mode', 'balance', 'forwardfor'] as const;

const NAME = Type.String({ pattern: '^[A-Za-z0-9_.:-]+$' });

type Model = TSchema & { readonly properties: Readonly<Record<string, TSchema>> };

/** The model of a site, out of those of frontends and backends. */
export function siteModel(frontend: TSchema, backend: TSchema): TSchema {
  const fields = (model: TSchema, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, Type.Optional((model as Model).properties[name]!)]));
  const closed = { additionalProperties: false };
  const service = Type.Object(
    { ...fields(frontend, SERVICE_FIELDS), listeners: Type.Optional(Type.Array(Type.Ref('bind'))) },
    closed,
  );
  const farm = Type.Object(
    {
      name: NAME,
      use_as: Type.String({ enum: ['default', 'conditional'] }),
      cond: Type.Optional(Type.String({ enum: ['if', 'unless'] })),
      cond_test: Type.Optional(Type.String({ minLength: 1 })),
      ...fields(backend, FARM_FIELDS),
      servers: Type.Optional(Type.Array(Type.Ref('server'))),
    },
    closed,
  );
  return Type.Object(
    { name: NAME, service: Type.Optional(service), farms: Type.Optional(Type.Array(farm)) },
    { ...closed, title: 'site' },
  );
}
