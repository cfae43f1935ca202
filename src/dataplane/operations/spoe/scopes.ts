/** Scopes of SPOE files. */

import Type from 'typebox';
import { orThrow } from '../../service/error.ts';
import { addScope, removeScope } from '../../spoe/edit.ts';
import { scopeNamed, scopesOf } from '../../spoe/places.ts';
import { TRANSACTION } from '../operation.ts';
import { read, rows, SCOPES, told, WRITE, write } from './call.ts';

const SCOPE = Type.String({ minLength: 1, description: 'A name, in brackets or without them.' });

export const SPOE_SCOPES = rows(
  {
    method: 'GET',
    path: SCOPES,
    summary: 'lists the scopes of an SPOE file',
    query: [TRANSACTION],
    success: [200],
    answer: { schema: Type.Array(SCOPE) },
    async run(call) {
      const documents = await read(call);
      return told(documents, { status: 200, body: scopesOf(documents).map(({ name }) => name) });
    },
  },
  {
    method: 'POST',
    path: SCOPES,
    summary: 'adds a scope to an SPOE file',
    query: WRITE,
    body: { schema: SCOPE },
    success: [201],
    answer: { schema: SCOPE },
    run: (call) =>
      write(
        call,
        (documents) => orThrow(addScope(documents, call.body as string)),
        201,
        () => call.body,
      ),
  },
  {
    method: 'GET',
    path: `${SCOPES}/{name}`,
    summary: 'reads a scope of an SPOE file',
    query: [TRANSACTION],
    success: [200],
    answer: { schema: SCOPE },
    async run(call) {
      const documents = await read(call);
      return told(documents, { status: 200, body: orThrow(scopeNamed(documents, call.path['name']!)).name });
    },
  },
  {
    method: 'DELETE',
    path: `${SCOPES}/{name}`,
    summary: 'removes a scope with what is in it',
    query: WRITE,
    success: [204],
    answer: null,
    run: (call) =>
      write(
        call,
        (documents) => orThrow(removeScope(documents, call.path['name']!)),
        204,
        () => null,
      ),
  },
);
