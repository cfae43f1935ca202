/** The description of the API (OpenAPI 3.1), from the tables. */

import { OPERATIONS } from '../operations/index.ts';
import type { BodyKind, Operation, Parameter } from '../operations/operation.ts';
import { modelsOnce } from './check.ts';

const ERROR = {
  type: 'object',
  required: ['code', 'message'],
  properties: { code: { type: 'integer' }, message: { type: 'string' } },
  additionalProperties: { type: 'string' },
};

/** The whole document, as JSON. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    const path = operation.path.startsWith('/v2/') ? operation.path : `/v3${operation.path}`;
    paths[path] ??= {};
    paths[path][operation.method.toLowerCase()] = describe(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice Data Plane API',
      version: '3.4.0',
      description: 'The HAProxy Data Plane API, version 3, over Sluice and over HAProxy.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ basic: [] }],
    paths,
    components: {
      securitySchemes: { basic: { type: 'http', scheme: 'basic' } },
      schemas: { error: ERROR, ...withPaths(modelsOnce()) },
    },
  };
}

/** References to models by their place in the document. */
function withPaths(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value), (key, member: unknown) =>
    key === '$ref' ? `#/components/schemas/${member as string}` : member,
  ) as Record<string, unknown>;
}

function describe(operation: Operation): object {
  const { group, summary, success, answer, body } = operation;
  const content = answerContent(answer);
  return {
    operationId: operationId(operation),
    tags: [group],
    summary,
    parameters: [...pathParameters(operation), ...operation.query.map((one) => parameter(one, 'query'))],
    ...(body === null ? {} : { requestBody: { required: true, content: bodyContent(body) } }),
    responses: {
      ...Object.fromEntries(
        success.map((status) => [status, { description: STATUS[status] ?? '', ...(status === 204 ? {} : content) }]),
      ),
      default: { description: 'What went wrong', content: { 'application/json': { schema: ref('error') } } },
    },
  };
}

const STATUS: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Made',
  202: 'Written; a reload that is named in the Reload-ID header puts it in force, or the commit of the transaction',
  204: 'Done',
};

function operationId({ method, path }: Operation): string {
  const words = path.split('/').filter((part) => part !== '' && part !== 'services' && part !== 'haproxy');
  return [method.toLowerCase(), ...words.map((word) => word.replaceAll(/[{}.]/g, ''))].join('_');
}

function pathParameters({ path }: Operation): object[] {
  return [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'index' ? { type: 'integer', minimum: 0 } : { type: 'string' },
  }));
}

function parameter({ name, required, type, text }: Parameter, place: 'query'): object {
  return { name, in: place, required, description: text, schema: { type } };
}

function ref(model: string): object {
  return { $ref: `#/components/schemas/${model}` };
}

function bodyContent(body: BodyKind): object {
  if (body === 'text') return { 'text/plain': { schema: { type: 'string' } } };
  if (body === 'file')
    return {
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['file_upload'],
          properties: { file_upload: { type: 'string', format: 'binary' } },
        },
      },
    };
  if ('list' in body) return { 'application/json': { schema: { type: 'array', items: body.list } } };
  if ('schema' in body) return { 'application/json': { schema: body.schema } };
  return { 'application/json': { schema: listOrOne(body) } };
}

function listOrOne({ model, many }: { readonly model: string; readonly many: boolean }): object {
  return many ? { type: 'array', items: ref(model) } : ref(model);
}

function answerContent(answer: Operation['answer']): object {
  if (answer === null) return {};
  if (answer === 'text') return { content: { 'text/plain': { schema: { type: 'string' } } } };
  if (answer === 'json') return { content: { 'application/json': { schema: {} } } };
  if ('schema' in answer) return { content: { 'application/json': { schema: answer.schema } } };
  return { content: { 'application/json': { schema: listOrOne(answer) } } };
}
