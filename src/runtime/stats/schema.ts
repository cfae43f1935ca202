const definition = (name: string) => ({ $ref: `#/definitions/${name}` });

/** A typed value: its type's name and a value within bounds. */
function typed(type: string, value: object) {
  return { properties: { type: { type: 'string', enum: [type] }, value }, required: ['type', 'value'] };
}

const integer = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum });
const count = { type: 'integer', minimum: 0 };

const schema = {
  $schema: 'http://json-schema.org/draft-04/schema#',
  oneOf: [
    {
      title: 'Info',
      type: 'array',
      items: {
        title: 'InfoItem',
        type: 'object',
        properties: {
          field: definition('field'),
          processNum: definition('processNum'),
          tags: definition('tags'),
          value: definition('typedValue'),
        },
        required: ['field', 'processNum', 'tags', 'value'],
      },
    },
    {
      title: 'Stat',
      type: 'array',
      items: {
        title: 'StatRow',
        type: 'array',
        items: {
          title: 'StatItem',
          type: 'object',
          properties: {
            objType: { enum: ['Frontend', 'Backend', 'Listener', 'Server', 'Resolvers', 'Unknown'] },
            proxyId: count,
            id: count,
            field: definition('field'),
            processNum: definition('processNum'),
            tags: definition('tags'),
            value: definition('typedValue'),
          },
          required: ['objType', 'field', 'processNum', 'tags', 'value'],
        },
      },
    },
    { title: 'Error', type: 'object', properties: { errorStr: { type: 'string' } }, required: ['errorStr'] },
  ],
  definitions: {
    field: { type: 'object', properties: { pos: count, name: { type: 'string' } }, required: ['pos', 'name'] },
    processNum: { type: 'integer', minimum: 1 },
    tags: {
      type: 'object',
      properties: {
        origin: { type: 'string', enum: ['Metric', 'Status', 'Key', 'Config', 'Product', 'Unknown'] },
        nature: {
          type: 'string',
          enum: [
            'Gauge',
            'Limit',
            'Min',
            'Max',
            'Rate',
            'Counter',
            'Duration',
            'Age',
            'Time',
            'Name',
            'Output',
            'Avg',
            'Unknown',
          ],
        },
        scope: { type: 'string', enum: ['Cluster', 'Process', 'Service', 'System', 'Unknown'] },
      },
      required: ['origin', 'nature', 'scope'],
    },
    typedValue: {
      type: 'object',
      oneOf: [
        typed('s32', integer(-2147483648, 2147483647)),
        typed('s64', integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
        typed('u32', integer(0, 4294967295)),
        typed('u64', integer(0, Number.MAX_SAFE_INTEGER)),
        typed('str', { type: 'string' }),
      ],
    },
  },
};

/** The schema of `show info json` and `show stat json`, one line. */
export const JSON_SCHEMA = `${JSON.stringify(schema)}\n`;
