/** Sources of services: Consul, and regions of AWS EC2. */

import Type from 'typebox';
import { SOURCE_SCHEMAS, type SourceKind } from '../discovery/resource.ts';
import type { Resource } from '../edit/resource.ts';
import type { Operation } from './operation.ts';

const TITLES: Readonly<Record<SourceKind, string>> = {
  consul: 'Consul that services are taken from',
  aws: 'region of AWS EC2 that services are taken from',
};

function operationsOf(kind: SourceKind): Operation[] {
  const path = `/service_discovery/${kind}`;
  const body = { schema: SOURCE_SCHEMAS[kind] };
  const title = TITLES[kind];
  const common = { group: 'service_discovery', query: [], answer: body };
  return [
    {
      ...common,
      method: 'GET',
      path,
      answer: { schema: Type.Array(body.schema) },
      summary: `lists every ${title}, with its status`,
      body: null,
      success: [200],
      run: async ({ service }) => ({ status: 200, body: service.discovery.list(kind) }),
    },
    {
      ...common,
      method: 'POST',
      path,
      summary: `adds a ${title}`,
      body,
      success: [201],
      run: async ({ service, body: given }) => ({
        status: 201,
        body: await service.discovery.add(kind, given as Resource),
      }),
    },
    {
      ...common,
      method: 'GET',
      path: `${path}/{id}`,
      summary: `reads one ${title}, with its status`,
      body: null,
      success: [200],
      run: async ({ service, path: { id } }) => ({ status: 200, body: service.discovery.find(kind, id!) }),
    },
    {
      ...common,
      method: 'PUT',
      path: `${path}/{id}`,
      summary: `replaces the settings of a ${title}`,
      body,
      success: [200],
      run: async ({ service, path: { id }, body: given }) => ({
        status: 200,
        body: await service.discovery.replace(kind, id!, given as Resource),
      }),
    },
    {
      ...common,
      method: 'DELETE',
      path: `${path}/{id}`,
      summary: `forgets a ${title}; its backends stay`,
      body: null,
      success: [204],
      answer: null,
      run: async ({ service, path: { id } }) => {
        await service.discovery.remove(kind, id!);
        return { status: 204 };
      },
    },
  ];
}

export const DISCOVERY_OPERATIONS: readonly Operation[] = [...operationsOf('consul'), ...operationsOf('aws')];
