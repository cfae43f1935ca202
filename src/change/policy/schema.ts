import Type, { type Static } from 'typebox';

/** Names of actions, objects and the like; `*` stands for any run of characters. */
const Pattern = Type.String({ minLength: 1, maxLength: 256 });
const Patterns = Type.Array(Pattern, { minItems: 1 });

const Rule = Type.Object(
  {
    allow: Type.Optional(
      Type.Array(Pattern, { minItems: 1, description: 'Actions that may be done: drain, weight, "map *", ...' }),
    ),
    deny: Type.Optional(Type.Array(Pattern, { minItems: 1, description: 'Actions that may not be done.' })),
    who: Type.Array(Pattern, {
      minItems: 1,
      description: 'Sets of `people`, `user:NAME`, `group:NAME`, or `*` for everybody.',
    }),
    on: Type.Optional(
      Type.Array(Pattern, {
        minItems: 1,
        description: 'Objects: `be_app/app1`, `be_app/*`, `fe_web`, a file name of a map. Everything when left out.',
      }),
    ),
    hours: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: '`mon-fri 08:00-18:00`, `sat,sun`, `22:00-06:00`. Always when left out.',
      }),
    ),
    approval: Type.Optional(
      Type.String({ minLength: 1, description: 'Set of `people` of whom a second person must approve.' }),
    ),
    force: Type.Optional(Type.Boolean({ description: 'Guards may be overridden with --force. No when left out.' })),
    reason: Type.Optional(Type.String({ maxLength: 500, description: 'Told to whoever is denied.' })),
  },
  { additionalProperties: false },
);

const Guard = Type.Object(
  {
    on: Type.Array(Pattern, { minItems: 1, description: 'Backends.' }),
    'min-usable': Type.Optional(Type.Integer({ minimum: 0, description: 'Usable servers that a backend must keep.' })),
    'min-share': Type.Optional(
      Type.String({ pattern: '^(100|[0-9]{1,2})%$', description: 'Share of its servers that a backend must keep.' }),
    ),
  },
  { additionalProperties: false },
);

/** A policy file, as JSON Schema and as a type. */
export const PolicySchema = Type.Object(
  {
    version: Type.Literal(1),
    timezone: Type.Optional(
      Type.String({ description: 'Of `hours`, a name of the IANA database. The machine’s when left out.' }),
    ),
    people: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object(
          { users: Type.Optional(Patterns), groups: Type.Optional(Patterns) },
          { additionalProperties: false, minProperties: 1 },
        ),
        { description: 'Sets of unix users and groups by name.' },
      ),
    ),
    rules: Type.Array(Rule, { description: 'The first that fits decides; what none fits is denied.' }),
    guards: Type.Optional(Type.Array(Guard, { description: 'What backends must keep; the first that fits decides.' })),
    'approval-expires': Type.Optional(
      Type.String({ pattern: '^[0-9]+(s|m|h|d)$', description: 'How long a request waits for approval. 1h.' }),
    ),
  },
  { additionalProperties: false, title: 'Policy of Sluice' },
);

export type PolicyFile = Static<typeof PolicySchema>;
