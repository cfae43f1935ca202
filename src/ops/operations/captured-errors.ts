import { parseErrors } from '../../client/parse/captured.ts';
import { shown } from '../../util/shown.ts';
import { textKind } from '../kinds.ts';
import { reading } from '../operation.ts';

export const errors = reading({
  name: 'errors',
  group: 'looking',
  summary: 'the last malformed request and response of each proxy, with its bytes',
  parameters: {
    proxy: {
      kind: textKind('PROXY', 'name of a frontend or backend', 'backends'),
      about: 'only of this one',
      optional: true,
    },
  },
  options: {},
  about: [
    'What clients or servers sent against the rules of HTTP, where it broke them, and what the log calls `PR` or `PH`.',
  ],
  examples: [{ command: 'errors fe_web', about: 'what a client sent' }],
  page: 'operations.md',
  async show({ proxy }, { target }) {
    const { total, errors: found } = parseErrors(
      await target.client.run(['show', 'errors', ...(proxy === null ? [] : [proxy])]),
    );
    const lines = found.flatMap((error) => [
      '',
      shown(`${error.date}  ${error.side} ${error.proxy}: invalid ${error.message}, byte ${error.position ?? '?'}`),
      ...error.facts.map((fact) => `  ${shown(fact)}`),
      // Backslashes are HAProxy's: it has escaped what was captured.
      `  ${error.dump.split('\\').map(shown).join('\\')}`,
    ]);
    return {
      records: found.map((error) => ({ type: 'error', ...error })),
      lines: [`${total} captured since the start, ${found.length} kept`, ...lines],
    };
  },
});
