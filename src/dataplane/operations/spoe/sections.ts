/** Sections of a scope. */

import type { Resource } from '../../edit/resource.ts';
import type { Documents } from '../../edit/sections.ts';
import type { SectionKind } from '../../kinds/kind.ts';
import { orThrow } from '../../service/error.ts';
import { addSection, readAll, readOne, removeSection, replaceOne } from '../../spoe/edit.ts';
import { type Call, type Operation, TRANSACTION } from '../operation.ts';
import { read, rows, SCOPES, told, WRITE, write } from './call.ts';

/** The operations on one kind of section of a scope. */
export function sectionRows(kind: SectionKind): Operation[] {
  const path = `${SCOPES}/{scope_name}/${kind.path}`;
  const { title, model } = kind;
  const where = ({ path: given }: Call) => ({ scope: given['scope_name']!, name: given['name'] ?? '' });
  const body = { model, many: false };
  return rows(
    {
      method: 'GET',
      path,
      summary: `lists every ${title} of a scope`,
      query: [TRANSACTION],
      success: [200],
      answer: { model, many: true },
      async run(call) {
        const documents = await read(call);
        return told(documents, { status: 200, body: readAll(documents, where(call).scope, kind) });
      },
    },
    {
      method: 'POST',
      path,
      summary: `adds a ${title} to a scope`,
      query: WRITE,
      body,
      success: [201],
      answer: body,
      run: (call) => {
        const { scope } = where(call);
        const resource = call.body as Resource;
        const answer = (documents: Documents) => orThrow(readOne(documents, scope, kind, String(resource['name'])));
        return write(call, (documents) => orThrow(addSection(documents, scope, kind, resource)), 201, answer);
      },
    },
    {
      method: 'GET',
      path: `${path}/{name}`,
      summary: `reads one ${title}`,
      query: [TRANSACTION],
      success: [200],
      answer: body,
      async run(call) {
        const documents = await read(call);
        const { scope, name } = where(call);
        return told(documents, { status: 200, body: orThrow(readOne(documents, scope, kind, name)) });
      },
    },
    {
      method: 'PUT',
      path: `${path}/{name}`,
      summary: `replaces one ${title}`,
      query: WRITE,
      body,
      success: [200],
      answer: body,
      run: (call) => {
        const { scope, name } = where(call);
        const edit = (documents: Documents) => orThrow(replaceOne(documents, scope, kind, name, call.body as Resource));
        return write(call, edit, 200, (documents) => orThrow(readOne(documents, scope, kind, name)));
      },
    },
    {
      method: 'DELETE',
      path: `${path}/{name}`,
      summary: `removes one ${title}`,
      query: WRITE,
      success: [204],
      answer: null,
      run: (call) => {
        const { scope, name } = where(call);
        return write(
          call,
          (documents) => orThrow(removeSection(documents, scope, kind, name)),
          204,
          () => null,
        );
      },
    },
  );
}
